// Plays the dialogues of this folder, and those that another project wrote for its own server.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { play, unescape } from "./script.ts";
import { StubEdge, decideLike } from "./stub-edge.ts";

describe("dialogues", () => {
  for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith(".smtp")))
    test(file, () => play(file, readFileSync(join(import.meta.dirname, file), "utf8")));
});

const suites = process.env["WAYBILL_SUITES"] ?? join(import.meta.dirname, "../../../shared/suites");
const folder = join(suites, "smtp");

/** Their server answers otherwise, on purpose. */
const deviations: Record<string, readonly string[]> = {
  // theirs refuses STARTTLS when bytes follow; here the bytes are thrown away, RFC 3207 §4.2 leaves it open
  "starttls_with_injection.test": ["220", "250", "220"],
  // theirs says 501 to STARTTLS within a transaction; RFC 5321 §4.2.2: 503 is for a bad sequence of commands
  "starttls_session_fixation.test": ["220", "250", "334", "334", "235", "250", "250", "503"],
};

/** The codes of whole replies. */
const codesOf = (lines: readonly string[]): string[] =>
  lines.filter((line) => line[3] !== "-").map((line) => line.slice(0, 3));

describe("another server's dialogues", () => {
  const skip = existsSync(folder) ? false : `${folder} is absent; set WAYBILL_SUITES`;
  const files = skip === false ? readdirSync(folder).filter((name) => name.endsWith(".test")) : [];
  if (files.length === 0) test("all", { skip }, () => {});
  for (const file of files) {
    const lines = readFileSync(join(folder, file), "utf8").split("\n");
    const wantsAuth = lines.some((line) => /^C: AUTH/i.test(line));
    test(file, () => {
      const edge = new StubEdge(wantsAuth ? { mechanisms: () => ["LOGIN"] } : {}, decideLike(true)).start();
      for (const line of lines)
        if (line.startsWith("C:")) edge.feed(`${unescape(line.slice(2).replace(/^ /, ""))}\r\n`);
      // "250.*" stands for the first line of a reply that goes on
      const theirs = lines.filter((line) => line.startsWith("S: ")).map((line) => line.slice(3));
      const expected = codesOf(theirs.filter((line, index) => line !== "250.*" || theirs[index + 1]?.[3] !== "-"));
      assert.deepEqual(codesOf(edge.sent.split("\r\n").slice(0, -1)), deviations[file] ?? expected);
    });
  }
});
