// Which of thousands of words stand in a text, found in one pass by the rarest three letters of each (two of the shortest).

interface Word {
  readonly text: string;
  /** Where in the word its rarest letters stand. */
  readonly offset: number;
  readonly id: number;
  /** The text in which it was found last. */
  met: number;
}

const buckets = 1 << 16;

export class WordIndex {
  readonly #words = new Map<number, Word[]>();
  /** A bit for each bucket that is not empty: small enough to stay in the processor's cache. */
  readonly #filled = new Uint32Array(buckets / 32);
  #texts = 0;

  /** Words are in normal form, of two characters or more. */
  constructor(words: readonly string[]) {
    const uses = new Uint32Array(buckets);
    for (const word of words) for (let i = 0; i < grams(word); i++) uses[hash(word, i)]!++;
    words.forEach((text, id) => {
      let offset = 0;
      for (let i = 1; i < grams(text); i++) if (uses[hash(text, i)]! < uses[hash(text, offset)]!) offset = i;
      const bucket = hash(text, offset);
      const there = this.#words.get(bucket);
      if (there) there.push({ text, offset, id, met: 0 });
      else this.#words.set(bucket, [{ text, offset, id, met: 0 }]);
      this.#filled[bucket >> 5]! |= 1 << (bucket & 31);
    });
  }

  /** Calls `met` once with the number of each word that stands anywhere in the normal text. */
  find(text: string, met: (id: number) => void): void {
    const filled = this.#filled;
    const now = ++this.#texts;
    for (let i = 0; i + 1 < text.length; i++) {
      const two = pairHash(text, i);
      if (filled[two >> 5]! & (1 << (two & 31))) this.#look(two, { text, at: i, now }, met);
      const three = tripleHash(text, i);
      if (filled[three >> 5]! & (1 << (three & 31))) this.#look(three, { text, at: i, now }, met);
    }
  }

  #look(bucket: number, { text, at, now }: { text: string; at: number; now: number }, met: (id: number) => void): void {
    for (const word of this.#words.get(bucket)!) {
      if (word.met === now || !text.startsWith(word.text, at - word.offset)) continue;
      word.met = now;
      met(word.id);
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
