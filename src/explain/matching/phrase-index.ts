// Which of thousands of phrases can stand in a text at all: those of whose words each that must be there is there.
import { WordIndex } from "./word-index.ts";

/** Lists of words that one phrase is asked about, at most: more make it no rarer. */
const mostLists = 3;

export class PhraseIndex {
  readonly #words: WordIndex;
  /** For each word the phrases that are looked at where it stands. */
  readonly #asks: readonly (readonly number[])[];
  /** For each phrase its other lists of words, by their numbers: one word of each must stand there, too. */
  readonly #others: readonly (readonly (readonly number[])[])[];
  /** The text in which a word was found last, and that for which a phrase was looked at last. */
  readonly #met: Uint32Array;
  readonly #seen: Uint32Array;
  #texts = 0;

  /** For each phrase the lists of words that keyListsOf() tells of it. */
  constructor(all: readonly (readonly (readonly string[])[])[]) {
    const uses = new Map<string, number>();
    for (const word of all.flat(2)) uses.set(word, (uses.get(word) ?? 0) + 1);
    const words = [...uses.keys()];
    const numbers = new Map(words.map((word, number) => [word, number]));
    const usesOf = (list: readonly string[]): number => list.reduce((sum, word) => sum + uses.get(word)!, 0);
    const asks: number[][] = words.map(() => []);
    this.#others = all.map((lists, id) => {
      // what few phrases say, few texts say, too
      const [rarest = [], ...others] = lists
        .toSorted((a, b) => usesOf(a) - usesOf(b))
        .slice(0, mostLists)
        .map((list) => [...new Set(list)].map((word) => numbers.get(word)!));
      for (const word of rarest) asks[word]!.push(id);
      return others;
    });
    this.#asks = asks;
    this.#words = new WordIndex(words);
    this.#met = new Uint32Array(words.length);
    this.#seen = new Uint32Array(all.length);
  }

  /** Numbers of the phrases that may stand in the normal text, in ascending order. */
  candidates(text: string): number[] {
    const [met, seen, now] = [this.#met, this.#seen, ++this.#texts];
    const found: number[] = [];
    this.#words.find(text, (word) => {
      met[word] = now;
      found.push(word);
    });
    const candidates: number[] = [];
    for (const word of found)
      for (const id of this.#asks[word]!) {
        if (seen[id] === now) continue;
        seen[id] = now;
        if (this.#others[id]!.every((list) => list.some((other) => met[other] === now))) candidates.push(id);
      }
    return candidates.sort((a, b) => a - b);
  }
}
