// Which of thousands of words stand in a text, found in one pass by the rarest three letters of each (two of the shortest).

interface Word {
  readonly text: string;
  /** Where in the word its rarest letters stand. */
  readonly offset: number;
  readonly id: number;
  /** The text in which it was found last. */
  met: number;
}

const buckets = 1 << 15;

export class WordIndex {
  readonly #words: (Word[] | undefined)[] = Array.from({ length: buckets });
  #texts = 0;

  /** Words are in normal form, of two characters or more. */
  constructor(words: readonly string[]) {
    const uses = new Uint32Array(buckets);
    for (const word of words) for (let i = 0; i < grams(word); i++) uses[hash(word, i)]!++;
    words.forEach((text, id) => {
      let offset = 0;
      for (let i = 1; i < grams(text); i++) if (uses[hash(text, i)]! < uses[hash(text, offset)]!) offset = i;
      (this.#words[hash(text, offset)] ??= []).push({ text, offset, id, met: 0 });
    });
  }

  /** Calls `met` once with the number of each word that stands anywhere in the normal text. */
  find(text: string, met: (id: number) => void): void {
    const words = this.#words;
    const now = ++this.#texts;
    for (let i = 0; i + 1 < text.length; i++) {
      for (let kind = 0; kind < 2; kind++) {
        const some = words[kind === 0 ? pairHash(text, i) : tripleHash(text, i)];
        if (some === undefined) continue;
        for (const word of some) {
          if (word.met === now || !text.startsWith(word.text, i - word.offset)) continue;
          word.met = now;
          met(word.id);
        }
      }
    }
  }
}

/** How many places of a word can be looked up. */
const grams = (word: string): number => Math.max(word.length - 2, 1);
const hash = (word: string, i: number): number => (word.length === 2 ? pairHash(word, i) : tripleHash(word, i));
const pairHash = (text: string, i: number): number =>
  (text.charCodeAt(i) * 0x9e37 + text.charCodeAt(i + 1) * 0x3d + 1) & (buckets - 1);
const tripleHash = (text: string, i: number): number =>
  ((text.charCodeAt(i) * 31 + text.charCodeAt(i + 1)) * 0x1f3d + text.charCodeAt(i + 2)) & (buckets - 1);
