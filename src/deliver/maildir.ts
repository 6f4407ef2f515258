// Final delivery into a Maildir: written to tmp/, synced, then moved to new/. RFC 5321 §4.4 (Return-Path).
import { mkdir, open as openFile, rename, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { World } from "../base/world.ts";
import type { Recipient } from "../mail/envelope.ts";
import type { Failure } from "../mail/failure.ts";
import type { Outcome } from "../mail/outcome.ts";
import { reply } from "../mail/reply.ts";
import type { Consignment } from "../smtp/client-transaction.ts";

interface Mailbox {
  /** The folder that holds tmp, new and cur. */
  readonly path: string;
  /** Ours; part of the file names. */
  readonly hostname: string;
  readonly world: Pick<World, "now">;
}

/** One file per recipient, one outcome each, in order. Never rejects. */
export async function deliverToMaildir(mailbox: Mailbox, consignment: Consignment): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const recipient of consignment.recipients) outcomes.push(await deliverOne(mailbox, consignment, recipient));
  return outcomes;
}

async function deliverOne(mailbox: Mailbox, { message, open }: Consignment, { address }: Recipient): Promise<Outcome> {
  const { path, hostname } = mailbox;
  const name = uniqueName(mailbox);
  const trace = `Return-Path: <${message.reversePath}>\nDelivered-To: ${address}\n`;
  try {
    await createFile(path, name, async (file) => {
      await file.appendFile(trace);
      for await (const bytes of withUnixLineEnds(readable(open))) await file.appendFile(bytes);
    });
  } catch (error) {
    const because = localFailure(error);
    return { kind: "deferred", because, steps: [{ failure: because, text: `could not write to ${path}` }] };
  }
  return {
    kind: "delivered",
    host: { name: hostname },
    reply: reply(250, "2.0.0", `in mailbox as ${name}`),
    dsnHandedOn: false,
    final: true,
    steps: [{ text: `wrote ${join(path, "new", name)}` }],
  };
}

let files = 0;

/** Never used twice: time, process and a count. */
function uniqueName({ hostname, world }: Mailbox): string {
  files += 1;
  const at = world.now();
  return `${Math.floor(at / 1_000)}.M${(at % 1_000) * 1_000}P${process.pid}Q${files}.${hostname}`;
}

/** Durable once resolved: the file and its name are synced. */
async function createFile(path: string, name: string, fill: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = join(path, "tmp", name);
  const file = await withFolders(path, () => openFile(temporary, "wx", 0o600));
  try {
    try {
      await fill(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await withFolders(path, () => rename(temporary, join(path, "new", name)));
    await syncFolder(join(path, "new"));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Makes the Maildir's folders when they are missing, and tries again. */
async function withFolders<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
  let topmost = path;
  for (const folder of ["tmp", "new", "cur"]) {
    const made = await mkdir(join(path, folder), { recursive: true, mode: 0o700 });
    if (made !== undefined && made.length < topmost.length) topmost = made;
  }
  for (let folder = path; folder.length >= dirname(topmost).length; folder = dirname(folder)) {
    await syncFolder(folder);
    if (folder === dirname(folder)) break;
  }
  return action();
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await openFile(path, "r");
  await folder.sync();
}

/** Faults of our store are told from faults of the mailbox. */
async function* readable(open: Consignment["open"]): AsyncGenerator<Uint8Array> {
  try {
    yield* await open();
  } catch (cause) {
    throw new Error(`the stored content cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

/** CRLF → LF, as Maildir readers expect it; a CRLF may fall between chunks. */
export async function* withUnixLineEnds(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held = "";
  for await (const chunk of content) {
    const text = held + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString("latin1");
    held = text.endsWith("\r") ? "\r" : "";
    yield Buffer.from(text.slice(0, text.length - held.length).replaceAll("\r\n", "\n"), "latin1");
  }
  if (held !== "") yield Buffer.from(held);
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

const problems = {
  ENOSPC: "mailbox-full",
  EDQUOT: "mailbox-full",
  EACCES: "not-writable",
  EPERM: "not-writable",
  EROFS: "not-writable",
} as const;

/** Exported for its test: a full disk is hard to come by. */
export function localFailure(error: unknown): Failure {
  const text = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  if (code === undefined) return { kind: "internal", text };
  return { kind: "local", problem: problems[code as keyof typeof problems] ?? "other", text };
}
