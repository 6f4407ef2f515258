// Which of thousands of phrases can stand in a text at all: those of whose words each that must be there is there.
import { keyListsOf, type Phrase } from "./phrase.ts";
import { WordIndex } from "./word-index.ts";

/** Lists of words that one phrase is asked about, at most: more make it no rarer. */
const listBits = 2;

export class PhraseIndex {
  readonly #words: WordIndex;
  /** For each word the phrases that ask for it, and in which of their lists, as `phrase << listBits | list`. */
  readonly #asked: readonly (readonly number[])[];
  /** Per phrase the lists of which a word must be there, as bits, and those found in the present text. */
  readonly #needed: Uint8Array;
  readonly #found: Uint8Array;

  constructor(phrases: readonly Phrase[]) {
    this.#needed = new Uint8Array(phrases.length);
    this.#found = new Uint8Array(phrases.length);
    const asked = new Map<string, number[]>();
    const all = phrases.map(keyListsOf);
    const uses = new Map<string, number>();
    for (const word of all.flat(2)) uses.set(word, (uses.get(word) ?? 0) + 1);
    const usesOf = (words: readonly string[]): number => words.reduce((sum, word) => sum + uses.get(word)!, 0);
    phrases.forEach((_, id) => {
      // what few phrases say, few texts say, too
      const lists = all[id]!.toSorted((a, b) => usesOf(a) - usesOf(b)).slice(0, 1 << listBits);
      this.#needed[id] = (1 << lists.length) - 1;
      lists.forEach((words, list) => {
        for (const word of words) {
          const by = asked.get(word);
          if (by) by.push((id << listBits) | list);
          else asked.set(word, [(id << listBits) | list]);
        }
      });
    });
    this.#words = new WordIndex([...asked.keys()]);
    this.#asked = [...asked.values()];
  }

  /** Numbers of the phrases that may stand in the normal text, in ascending order. */
  candidates(text: string): number[] {
    const [asked, needed, found] = [this.#asked, this.#needed, this.#found];
    const touched: number[] = [];
    this.#words.find(text, (word) => {
      for (const one of asked[word]!) {
        const id = one >> listBits;
        if (found[id] === 0) touched.push(id);
        found[id]! |= 1 << (one & ((1 << listBits) - 1));
      }
    });
    const candidates: number[] = [];
    for (const id of touched) {
      if (found[id] === needed[id]) candidates.push(id);
      found[id] = 0;
    }
    return candidates.sort((a, b) => a - b);
  }
}
