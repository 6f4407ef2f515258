// Reads and plays *.smtp dialogues; the format is described in README.md.
import assert from "node:assert/strict";
import { type SessionSettings } from "../../src/smtp/server-session.ts";
import { StubEdge, decideLike } from "./stub-edge.ts";

const escapes: Record<string, string> = { r: "\r", n: "\n", "0": "\0", "\\": "\\", t: "\t", s: " " };

export const unescape = (text: string): string =>
  text.replaceAll(/\\(?:x([\da-f]{2})|(.))/gi, (_, hex?: string, letter = "") =>
    hex === undefined ? (escapes[letter] ?? letter) : String.fromCodePoint(Number.parseInt(hex, 16)),
  );

const latin1 = (text: string): string => Buffer.from(text).toString("latin1");

function edgeOf(lines: readonly string[]): StubEdge {
  const words = lines.filter((line) => line.startsWith("# with ")).flatMap((line) => line.slice(7).split(" "));
  const numbers = words.flatMap((word) => {
    const [, name, value] = /^(max\w+)=(\d+)$/.exec(word) ?? [];
    return name === undefined ? [] : [[name, Number(value)] as const];
  });
  const own: Partial<SessionSettings> = {
    ...Object.fromEntries(numbers),
    mayXclient: words.includes("xclient"),
    offersStartTls: !words.includes("no-starttls"),
    ...(words.some((word) => word.startsWith("login")) && {
      mechanisms: ({ tls }) => (tls !== undefined || words.includes("login-in-clear") ? ["PLAIN", "LOGIN"] : []),
    }),
    ...(words.includes("submission") && { submission: true }),
  };
  return new StubEdge(own, decideLike(words.includes("trusted")));
}

/** Throws an assertion error that names the line. */
export function play(file: string, text: string): void {
  const lines = text.split("\n");
  const edge = edgeOf(lines).start();
  let read = 0;
  const unread = (): string[] => edge.sent.slice(read).split("\r\n").slice(0, -1);
  const take = (line: string): void => void (read += line.length + 2);
  let waiting: string[] = [];
  const feed = (): void => {
    if (waiting.length > 0) edge.feed(waiting.join(""));
    waiting = [];
  };
  lines.forEach((line, index) => {
    const where = `${file}:${index + 1}`;
    if (line.startsWith("<")) {
      feed();
      for (const taken of matchReply(line.slice(2), unread(), where)) take(taken);
      return;
    }
    if (line.startsWith(">") && waiting.length === 0) assert.deepEqual(unread(), [], `${where}: unread replies`);
    if (line.startsWith(">>")) return void waiting.push(unescape(latin1(line.slice(3))));
    if (line.startsWith(">")) return void waiting.push(`${latin1(line.slice(2))}\r\n`);
    if (line.startsWith("!")) {
      feed();
      event(edge, line.slice(2), where);
    } else assert.ok(line === "" || line.startsWith("#"), `${where}: not a line of a dialogue`);
  });
  feed();
  assert.deepEqual(unread(), [], `${file}: unread replies at the end`);
}

/** The lines that the expectation used up. */
function matchReply(expected: string, unread: readonly string[], where: string): readonly string[] {
  const [first] = unread;
  assert.notEqual(first, undefined, `${where}: the server said nothing`);
  if (!expected.startsWith("~")) {
    assert.equal(first, expected, where);
    return [expected];
  }
  const length = unread.findIndex((line) => line[3] !== "-") + 1;
  assert.ok(first!.startsWith(expected.slice(1)), `${where}: ${first} does not begin with ${expected.slice(1)}`);
  return unread.slice(0, length);
}

function event(edge: StubEdge, text: string, where: string): void {
  const [name = "", rest = ""] = text.split(/ (.*)/s);
  switch (name) {
    case "tls":
      assert.equal(edge.session.waiting, "tls", where);
      edge.perform(edge.session.secured({ version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256" }));
      return;
    case "close":
      return assert.equal(edge.closed, true, `${where}: the session is open`);
    case "content":
      return assert.equal(edge.messages.at(-1)?.content, unescape(latin1(rest)), where);
    case "nothing":
      return assert.equal(edge.messages.length, 0, `${where}: a message was taken`);
    default:
      assert.fail(`${where}: unknown event ${name}`);
  }
}
