// Values of the file as messages show them.

/** JSON text without anything that a terminal would obey: control characters, marks of direction. */
const quote = (text: string): string =>
  JSON.stringify(text).replaceAll(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

const longestShown = 60;

/** A value of the file as messages show it; shortened. */
export function show(value: unknown): string {
  if (typeof value === "string") return quote(value.length > longestShown ? `${value.slice(0, longestShown)}…` : value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (value instanceof Date) return "a date or time";
  return Array.isArray(value) ? "a list" : "a table";
}
