// Reads the YAML that the RFC 7208 suite is written in: block mappings and lists, block texts, quoted and plain texts, lists
// in brackets. Every scalar is a text.

export type Yaml = string | readonly Yaml[] | { readonly [key: string]: Yaml };

interface Line {
  readonly indent: number;
  readonly text: string;
}

/** The documents of `text`, which are divided by `---`. */
export const readYaml = (text: string): Yaml[] =>
  text
    .split(/^---[ \t]*$/m)
    .map((part) => new Reader(part).document())
    .filter((value) => value !== "");

class Reader {
  readonly #lines: readonly Line[];
  #at = 0;

  constructor(text: string) {
    this.#lines = text.split("\n").map((line) => ({ indent: line.search(/\S|$/), text: line.trim() }));
  }

  document(): Yaml {
    return this.#block(0);
  }

  /** The next line that says something. */
  #peek(): Line | undefined {
    while (this.#at < this.#lines.length && /^(?:#.*)?$/.test(this.#lines[this.#at]!.text)) this.#at += 1;
    return this.#lines[this.#at];
  }

  #block(indent: number): Yaml {
    const first = this.#peek();
    if (first === undefined || first.indent < indent) return "";
    if (first.text.startsWith("- ")) return this.#list(first.indent);
    return keyOf(first.text) === undefined ? this.#scalar("", indent) : this.#mapping(first.indent);
  }

  #list(indent: number): Yaml {
    const items: Yaml[] = [];
    for (let line = this.#peek(); line?.indent === indent && line.text.startsWith("- "); line = this.#peek()) {
      this.#at += 1;
      const item = line.text.slice(2).trim();
      const key = keyOf(item);
      items.push(
        key === undefined ? this.#scalar(item, indent + 1) : { [key.name]: this.#scalar(key.rest, indent + 1) },
      );
    }
    return items;
  }

  #mapping(indent: number): Yaml {
    const mapping: Record<string, Yaml> = {};
    for (let line = this.#peek(); line?.indent === indent; line = this.#peek()) {
      const key = keyOf(line.text);
      if (key === undefined) throw new Error(`no key in "${line.text}"`);
      this.#at += 1;
      const next = this.#peek();
      const isNested = key.rest === "" && next !== undefined && (next.indent > indent || next.text.startsWith("- "));
      mapping[key.name] = isNested ? this.#block(next.indent) : this.#scalar(key.rest, indent + 1);
    }
    return mapping;
  }

  /** Lines that follow and stand further right belong to it. */
  #scalar(start: string, indent: number): Yaml {
    const more: string[] = [];
    while (this.#at < this.#lines.length) {
      const line = this.#lines[this.#at]!;
      if (line.text !== "" && line.indent < indent) break;
      more.push(line.text);
      this.#at += 1;
    }
    while (more.at(-1) === "") more.pop();
    if (/^[|>]-?$/.test(start)) return more.join(start.startsWith("|") ? "\n" : " ");
    return value([start, ...more].filter((text) => text !== "" && !text.startsWith("#")).join(" "));
  }
}

/** `name: rest`; undefined: it has no key. */
function keyOf(text: string): { name: string; rest: string } | undefined {
  const quoted = /^"([^"]*)":$/.exec(text)?.[1];
  if (quoted !== undefined) return { name: quoted, rest: "" };
  if (/^["'[]/.test(text)) return undefined;
  const [, name, rest] = /^(\S.*?):(?:\s+(.*))?$/.exec(text) ?? [];
  return name === undefined ? undefined : { name, rest: rest ?? "" };
}

function value(text: string): Yaml {
  const list = /^\[(.*)\]$/.exec(text)?.[1];
  if (list === undefined) return plain(text);
  return (list.match(/"(?:[^"\\]|\\.)*"|'[^']*'|[^,\s][^,]*/g) ?? []).map((item) => plain(item.trim()));
}

function plain(text: string): string {
  if (text.startsWith('"'))
    return text
      .slice(1, -1)
      .replaceAll(/\\(?:x([\da-fA-F]{2})|0|(.))/g, (_all, hex?: string, other?: string) =>
        hex === undefined ? (other ?? "\0") : String.fromCharCode(Number.parseInt(hex, 16)),
      );
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  return text.replace(/\s+#.*$/, "");
}
