// A new password from a person or a script: asked for twice without an echo, read from a file or from standard input, or made.
import { readFile } from "node:fs/promises";
import { firstLine } from "../config/files.ts";
import { newPassword } from "../receive/accounts/secret.ts";
import type { Context } from "./context.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";

export interface PasswordOptions {
  readonly passwordFile?: string;
  readonly generate?: true;
}

/** What people choose that is shorter is guessed. NIST SP 800-63B §3.1.1.2 */
const fewestCharacters = 8;

export async function newPasswordFrom(context: Context, { passwordFile, generate }: PasswordOptions): Promise<string> {
  if (generate) return newPassword();
  const password =
    passwordFile === undefined
      ? await (context.stdin.isTTY ? askTwice(context) : readLine(context))
      : firstLine(await readFile(passwordFile, "utf8").catch((error: unknown) => unreadable(passwordFile, error)));
  if (password.length >= fewestCharacters) return password;
  throw new CommandError(
    exitCodes.usage,
    password === ""
      ? "There is no password. Type one, or let --generate make one."
      : `The password has less than ${fewestCharacters} characters and is soon guessed. Take a longer one, or --generate.`,
  );
}

function unreadable(path: string, error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  throw new CommandError(exitCodes.usage, `The password file ${path} cannot be read (${code}).`);
}

async function readLine({ stdin }: Context): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const bytes of stdin) {
    chunks.push(bytes);
    if (bytes.includes(0x0a)) break;
  }
  return Buffer.concat(chunks).toString().split(/\r?\n/, 1)[0]!;
}

/** Of a terminal's standard input; a test has none. */
interface Terminal {
  setRawMode?(isRaw: boolean): unknown;
}

async function askTwice({ stdin, stderr }: Context): Promise<string> {
  const terminal: Terminal = stdin as Terminal;
  const keys = keysOf(stdin);
  terminal.setRawMode?.(true); // without it the terminal shows what is typed
  try {
    const ask = async (question: string): Promise<string> => {
      stderr.write(question);
      const typed = await readTyped(keys);
      stderr.write("\n");
      if (typed === undefined) throw new CommandError(exitCodes.usage, "Stopped. Nothing was changed.");
      return typed;
    };
    const password = await ask("New password: ");
    if ((await ask("Once more: ")) === password) return password;
    throw new CommandError(exitCodes.usage, "The two are not the same. Nothing was changed; try again.");
  } finally {
    terminal.setRawMode?.(false);
    await keys.return(undefined);
  }
}

async function* keysOf(stdin: AsyncIterable<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  for await (const bytes of stdin) yield* decoder.decode(bytes, { stream: true });
}

/** One line, with the keys that a terminal would have obeyed; undefined: broken off. */
async function readTyped(keys: AsyncGenerator<string, undefined>): Promise<string | undefined> {
  let typed: string[] = [];
  for (;;) {
    const { value: key, done } = await keys.next();
    if (done || key === "\u0003" || key === "\u0004") return undefined; // Ctrl-C, Ctrl-D
    if (key === "\r" || key === "\n") return typed.join("");
    if (key === "\u007f" || key === "\b") typed.pop();
    else if (key === "\u0015") typed = []; // Ctrl-U
    else if (key >= " ") typed.push(key);
  }
}
