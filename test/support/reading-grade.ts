// How hard an English text is to read: the Flesch–Kincaid grade, in school years of the USA.

/** 0.39 · words per sentence + 11.8 · syllables per word − 15.59. An empty text has grade 0. */
export function readingGrade(text: string): number {
  const words = wordsOf(text);
  if (words.length === 0) return 0;
  const sentences = text.split(/[.!?]+(?=\s|["'”’)]|$)|\n{2,}/).filter((part) => wordsOf(part).length > 0).length;
  const syllables = words.reduce((sum, word) => sum + syllablesOf(word), 0);
  return 0.39 * (words.length / sentences) + 11.8 * (syllables / words.length) - 15.59;
}

/** Numbers and `{placeholders}` are words, too. */
const wordsOf = (text: string): readonly string[] => text.match(/[\p{L}\p{N}]+(?:['’][\p{L}]+)*/gu) ?? [];

/** Groups of vowels, less those that are written and not spoken: "mailed", "take", "rules". */
export function syllablesOf(word: string): number {
  const letters = word.toLowerCase().replaceAll(/[^\p{L}]/gu, "");
  const spoken = letters
    .replace(/(?<=[^aeiouy])(?:ely|eful|eless)$/, (end) => end.slice(1))
    .replace(/(?<=[^aeiouytd])ed$/, "d")
    .replace(/(?<=[^aeiouyscxzghl]|[^cs]h|[aeiouy]l)es$/, "s")
    .replace(/(?<=[^aeiouyl]|[aeiouyl]l|[aeiouy])e$/, "");
  return Math.max(1, spoken.match(/[aeiouyäöüéèêáàâíóúñ]+/g)?.length ?? 1);
}
