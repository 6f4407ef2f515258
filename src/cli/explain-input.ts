// What a person hands to `waybill explain`: files, pasted text, codes. Each becomes one thing to explain.
import { open } from "node:fs/promises";
import type { FailureReport } from "../explain/explanation.ts";
import { readLogLine, tellsOfSuccess } from "../explain/log-line.ts";
import { isQueueId } from "../mail/queue-ids.ts";
import type { Context, Output } from "./context.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";

export type ExplainInput =
  | { readonly kind: "message"; readonly name: string; readonly bytes: Uint8Array }
  | { readonly kind: "text"; readonly name: string; readonly failures: readonly FailureReport[] }
  /** A status of HTTP. */
  | { readonly kind: "http"; readonly name: string; readonly status: number }
  /** A message that a Waybill has, or had. */
  | { readonly kind: "queued"; readonly name: string };

/** Of a larger file the beginning is read: what a bounce has to say stands before the message that it returns. */
const mostBytes = 2 * 1024 * 1024;

export async function* inputsOf(words: readonly string[], context: Context): AsyncGenerator<ExplainInput> {
  let spoken: string[] = [];
  for (const word of words.length === 0 ? ["-"] : words) {
    const bytes = word === "-" ? await fromStandardInput(context) : await fromFile(word, context);
    if (bytes === undefined && !isQueueId(word)) {
      spoken.push(word);
      continue;
    }
    if (spoken.length > 0) yield spokenInput(spoken.join(" "));
    spoken = [];
    yield bytes === undefined ? spokenInput(word) : inputOf(word, asUtf8(bytes));
  }
  if (spoken.length > 0) yield spokenInput(spoken.join(" "));
}

/** Without a byte order mark; UTF-16, as some programs save text, as UTF-8. */
function asUtf8(bytes: Uint8Array): Uint8Array {
  const [first, second, third] = bytes;
  if (first === 0xef && second === 0xbb && third === 0xbf) return bytes.subarray(3);
  const encoding = first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "";
  return encoding === "" ? bytes : new TextEncoder().encode(new TextDecoder(encoding).decode(bytes));
}

/** What was typed: a status of HTTP says so, a queue id looks like nothing else. */
function spokenInput(text: string): ExplainInput {
  const status = /^https?(?:\/\d(?:\.\d)?)? ([1-5]\d\d)\b/i.exec(text)?.[1];
  if (status !== undefined) return { kind: "http", name: text, status: Number(status) };
  return isQueueId(text) ? { kind: "queued", name: text } : textInput(text, text);
}

function inputOf(name: string, bytes: Uint8Array): ExplainInput {
  return isMessage(latin1(bytes)) ? { kind: "message", name, bytes } : textInput(name, new TextDecoder().decode(bytes));
}

const latin1 = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes.subarray(0, 4_096));

/** It begins with header fields, one of them of mail, perhaps behind the line that a mailbox file puts before a message. */
function isMessage(head: string): boolean {
  const lines = head.trimStart().split(/\r\n?|\n/);
  if (/^>?From \S/.test(lines[0]!)) lines.shift();
  for (const line of lines) {
    const name = /^([!-9;-~]{1,80})[ \t]*:/.exec(line)?.[1]?.toLowerCase();
    if (name !== undefined && (mailFields.has(name) || name.startsWith("x-"))) return true;
    if (name === undefined && !/^[ \t]/.test(line)) return false;
  }
  return false;
}

const mailFields = new Set(
  "received return-path from to subject date message-id mime-version content-type delivered-to".split(" "),
);

/** Lines of a log are failures of their own; lines of one reply, and prose, are one. */
function textInput(name: string, text: string): ExplainInput {
  const lines = text.split(/\r\n?|\n/).filter((line) => line.trim() !== "" && !tellsOfSuccess(line));
  if (lines.length === 0 && text.trim() !== "") return { kind: "text", name, failures: [] };
  const logged = lines.map((line) => readLogLine(line));
  const failures = logged.some((one) => one !== undefined)
    ? logged.flatMap((one) => one ?? [])
    : repliesIn(lines).map((reply) => ({ text: reply }));
  return { kind: "text", name, failures: failures.length === 0 ? [{ text }] : failures };
}

/** RFC 5321 §4.2.1: a reply goes on while a hyphen follows its code. */
function repliesIn(lines: readonly string[]): string[] {
  const replies: string[] = [];
  let isOpen = false;
  for (const line of lines) {
    const [, sign] = /^\s*[245]\d\d([ -]|$)/.exec(line) ?? [];
    const begins = sign !== undefined && !isOpen;
    if (replies.length === 0 || begins) replies.push(line.trim());
    else replies[replies.length - 1] += `\n${line.trim()}`;
    isOpen = sign === "-";
  }
  return replies;
}

async function fromStandardInput({ stdin, stderr }: Context): Promise<Uint8Array> {
  if (stdin.isTTY)
    stderr.write("Paste a reply, a line of a log or a whole message; end with Ctrl-D on a line of its own.\n");
  return beginningOf("standard input", stdin, stderr);
}

/** Reads all, so that whoever writes is not cut off, and keeps the beginning. */
async function beginningOf(name: string, input: AsyncIterable<Uint8Array>, stderr: Output): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of input) {
    if (size < mostBytes) chunks.push(bytes);
    size += bytes.length;
  }
  if (size > mostBytes) stderr.write(tooLong(name));
  return Buffer.concat(chunks).subarray(0, mostBytes);
}

const tooLong = (name: string): string =>
  `${name} is long: its first ${mostBytes / 1024 / 1024} MiB are read. Of a longer log, give the part that matters.\n`;

/** undefined: there is no such file, so the word is part of a text. */
async function fromFile(name: string, { stderr }: Context): Promise<Uint8Array | undefined> {
  try {
    await using file = await open(name);
    const stat = await file.stat();
    if (!stat.isFile() && !stat.isDirectory()) return await beginningOf(name, file.createReadStream(), stderr);
    const buffer = Buffer.alloc(Math.min(stat.size, mostBytes));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    const bytes = buffer.subarray(0, bytesRead);
    if (stat.size > mostBytes && !isMessage(latin1(bytes))) stderr.write(tooLong(name));
    return bytes;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (["ENOENT", "ENOTDIR", "ENAMETOOLONG", "ERR_INVALID_ARG_VALUE"].includes(code) && !looksLikeFile(name))
      return undefined;
    throw new CommandError(exitCodes.notFound, `Cannot read ${name}: ${unreadable[code] ?? (error as Error).message}.`);
  }
}

/** A word that can only have been meant as a file. */
const looksLikeFile = (word: string): boolean =>
  /^(?:\.{0,2}\/|~\/)\S+$|^[\w.-]+\.(?:eml|mbox|txt|log|msg)$/i.test(word);

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EISDIR: "it is a folder; give its files, as in folder/*",
  EACCES: "you may not read it",
};
