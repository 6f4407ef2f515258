// On which line of a TOML text a setting stands. Only for texts that the TOML parser has taken.
import { parse } from "smol-toml";
import type { Path } from "./settings.ts";

interface Token {
  readonly text: string;
  readonly at: number;
}

/** A key, a section or a list item: where it is first named, and what is in it. */
interface Place {
  readonly at: number;
  readonly inside: Map<string, Place>;
  /** `[[name]]`: further keys go into its last item. */
  readonly many: boolean;
}

const tokenPattern =
  /#[^\n]*|\n|"""(?:[^\\]|\\[^])*?"{3,5}|'''[^]*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[[\]{}=,]|[^\s#[\]{}=,"']+/g;

/** → the line (from 1) of a path; of one that is not in the text, the line of what it would be in. */
export function locator(text: string): (path: Path) => number {
  const tokens = Array.from(text.matchAll(tokenPattern), ({ 0: token, index }) => ({ text: token, at: index }));
  const root = new Scan(tokens.filter((token) => !token.text.startsWith("#"))).document();
  return (path) => {
    let place = root;
    for (const key of path) {
      const inner = place.inside.get(String(key));
      if (inner === undefined) break;
      place = inner;
    }
    return text.slice(0, place.at).split("\n").length;
  };
}

class Scan {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  document(): Place {
    const root: Place = { at: 0, inside: new Map(), many: false };
    let section = root;
    for (this.#skip("\n"); this.#now !== ""; this.#skip("\n")) {
      if (this.#now === "[") section = this.#header(root);
      else this.#setting(section);
      while (this.#now !== "\n" && this.#now !== "") this.#next++;
    }
    return root;
  }

  /** `[a.b]` or `[[a.b]]` */
  #header(root: Place): Place {
    const { at } = this.#tokens[this.#next]!;
    this.#skip("[");
    const many = this.#tokens[this.#next - 2]?.at === at;
    const keys = this.#keys("]");
    if (!many) return keys.reduce((place, key) => enter(place, key, at), root);
    const parent = keys.slice(0, -1).reduce((place, key) => enter(place, key, at), root);
    const name = keys.at(-1) ?? "";
    const list = parent.inside.get(name) ?? { at, inside: new Map(), many };
    parent.inside.set(name, list);
    return enter({ ...list, many: false }, String(list.inside.size), at);
  }

  /** `a.b = value` */
  #setting(place: Place): void {
    const at = this.#tokens[this.#next]?.at ?? 0;
    this.#value(this.#keys("=").reduce((inner, key) => enter(inner, key, at), place));
  }

  #value(place: Place): void {
    const opening = this.#now;
    this.#next++;
    if (opening !== "[" && opening !== "{") return;
    for (let item = 0; ; item++) {
      this.#skip("\n", ",");
      if (this.#now === "]" || this.#now === "}" || this.#now === "") break;
      if (opening === "{") this.#setting(place);
      else this.#value(enter(place, String(item), this.#tokens[this.#next]!.at));
      while (!["\n", ",", "]", "}", ""].includes(this.#now)) this.#next++; // the time behind a date
    }
    this.#next++;
  }

  /** The parts of a dotted key, and past its `end`. */
  #keys(end: string): string[] {
    const keys: string[] = [];
    for (; this.#now !== end && this.#now !== ""; this.#next++) {
      const quoted = this.#now.startsWith('"') || this.#now.startsWith("'");
      keys.push(
        ...(quoted ? Object.keys(parse(`${this.#now} = 0`)) : this.#now.split(".").filter((key) => key !== "")),
      );
    }
    this.#next++;
    return keys;
  }

  /** The token in turn; "" at the end. */
  get #now(): string {
    return this.#tokens[this.#next]?.text ?? "";
  }

  #skip(...texts: string[]): void {
    while (this.#now !== "" && texts.includes(this.#now)) this.#next++;
  }
}

/** The place of `key` in `place`; of a `[[name]]`, its last item. */
function enter(place: Place, key: string, at: number): Place {
  const inner = place.inside.get(key) ?? { at, inside: new Map<string, Place>(), many: false };
  place.inside.set(key, inner);
  return inner.many ? (inner.inside.get(String(inner.inside.size - 1)) ?? inner) : inner;
}
