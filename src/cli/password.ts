// A password from a person or a script: asked for without an echo (a new one twice), read from a file or from standard input,
// or made.
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

async function askTwice(context: Context): Promise<string> {
  const [password, again] = await askHidden(context, ["New password: ", "Once more: "]);
  if (password === again) return password!;
  throw new CommandError(exitCodes.usage, "The two are not the same. Nothing was changed; try again.");
}

/** One that exists: of `name`, for a login somewhere. It is kept nowhere. */
export async function passwordOf(
  name: string,
  context: Context,
  { passwordStdin }: { readonly passwordStdin?: true },
): Promise<string> {
  if (!passwordStdin && !context.stdin.isTTY)
    throw new CommandError(
      exitCodes.usage,
      "There is no terminal to ask for the password: give it on standard input, with --password-stdin.",
    );
  const password = passwordStdin ? await readLine(context) : (await askHidden(context, [`Password of ${name}: `]))[0]!;
  if (password === "") throw new CommandError(exitCodes.usage, "There is no password.");
  return password;
}

async function askHidden({ stdin, stderr }: Context, questions: readonly string[]): Promise<string[]> {
  const terminal: Terminal = stdin as Terminal;
  const keys = keysOf(stdin);
  terminal.setRawMode?.(true); // without it the terminal shows what is typed
  const answers: string[] = [];
  try {
    for (const question of questions) {
      stderr.write(question);
      const typed = await readTyped(keys);
      stderr.write("\n");
      if (typed === undefined) throw new CommandError(exitCodes.usage, "Stopped. Nothing was changed.");
      answers.push(typed);
    }
    return answers;
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
