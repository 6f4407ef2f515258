// What a command sees of the world around it, so that a test can be that world.
import { styleText } from "node:util";
import type { World } from "../base/world.ts";

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Context {
  readonly stdin: AsyncIterable<Uint8Array> & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly world: World;
  /** Name of this machine. */
  readonly machine: string;
  /** Login name of the person. */
  readonly user: string;
}

export type Style = "green" | "yellow" | "red" | "cyan" | "bold" | "dim";

export type Paint = (style: Style, text: string) => string;

export const plain: Paint = (_style, text) => text;

/** Colours on a terminal only, and not where NO_COLOR is set. */
export function paintFor({ stdout, environment }: Context): Paint {
  const dull = !stdout.isTTY || (environment["NO_COLOR"] ?? "") !== "" || environment["TERM"] === "dumb";
  return dull ? plain : (style, text) => styleText(style, text, { validateStream: false });
}

export const printLines = ({ stdout }: Context, lines: readonly string[]): void => {
  if (lines.length > 0) stdout.write(`${lines.join("\n")}\n`);
};

/** What a terminal might obey, and JSON leaves as it is. */
const hidden = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** One object per line. */
export const printJson = (context: Context, values: readonly unknown[]): void =>
  printLines(
    context,
    values.map((value) =>
      JSON.stringify(value).replaceAll(hidden, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`),
    ),
  );
