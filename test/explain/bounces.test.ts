// Whole bounces: those that other people collected, and those that we wrote in the style of systems that are not among them.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type BounceReport, readBounce, type ReportedRecipient } from "../../src/explain/bounce/bounce.ts";
import { suite } from "../support/suites.ts";

const collected = suite("bounces");

interface Expected {
  readonly recipients: readonly { readonly reason: string }[];
}

const kindsOfReasons: Readonly<Record<string, BounceReport["kind"]>> = {
  delivered: "delivered",
  feedback: "complaint",
  vacation: "auto-reply",
};

const mails = (): readonly (readonly [string, Buffer])[] =>
  collected.files(".eml").map((file) => [file, collected.read(file)]);

test("of each collected bounce the kind and the number of recipients are read", { skip: collected.skip }, () => {
  const expected = JSON.parse(collected.read("expected.json").toString()) as Readonly<Record<string, Expected>>;
  const wrong = mails().flatMap(([file, bytes]) => {
    const { kind, recipients } = readBounce(bytes);
    const { recipients: wanted } = expected[file.slice(file.lastIndexOf("/") + 1)]!;
    const wantedKind = kindsOfReasons[wanted[0]!.reason] ?? "failure";
    const isRight = recipients.length === wanted.length && (kind === "delay" ? "failure" : kind) === wantedKind;
    return isRight ? [] : [{ file, kind, recipients: recipients.map(({ address }) => address) }];
  });
  assert.deepEqual(wrong, []);
});

test("collected bounces that are cut off, or have other line ends, are read", { skip: collected.skip }, () => {
  for (const [file, bytes] of mails()) {
    for (let end = 97; end < Math.min(bytes.length, 6_000); end += 485) readBounce(bytes.subarray(0, end));
    assert.deepEqual(summary(withLineEnds(bytes, "\r")), summary(withLineEnds(bytes, "\r\n")), file);
  }
});

/** What a written bounce must be read as; of a recipient what is given must be so, and `text` stand in its text. */
interface Written {
  readonly kind: BounceReport["kind"];
  readonly recipients: readonly (Partial<ReportedRecipient> & { readonly address: string })[];
  /** The message that comes back is read too, unless this is false. */
  readonly original?: false;
  readonly feedbackType?: string;
}

const folder = join(import.meta.dirname, "written-bounces");
const written = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Readonly<Record<string, Written>>;
const bytesOfWritten = (name: string): Buffer => readFileSync(join(folder, `${name}.eml`));

test("each written bounce has its expectation", () => {
  const files = readdirSync(folder).filter((file) => file.endsWith(".eml"));
  assert.deepEqual(files.map((file) => file.slice(0, -4)).toSorted(), Object.keys(written).toSorted());
});

for (const [name, expected] of Object.entries(written))
  test(`written bounce: ${name}`, () => {
    const { kind, recipients, original } = readBounce(bytesOfWritten(name));
    assert.equal(kind, expected.kind);
    assert.deepEqual(
      recipients.map(({ address }) => address),
      expected.recipients.map(({ address }) => address),
    );
    for (const [i, { text = "", ...facts }] of expected.recipients.entries()) {
      const recipient = recipients[i]!;
      assert.ok(recipient.text.includes(text), `${JSON.stringify(text)} is not in ${JSON.stringify(recipient.text)}`);
      assert.partialDeepStrictEqual(recipient, facts);
    }
    if (expected.original !== false) assert.equal(original.messageId, "<orig-1@example.net>");
    assert.equal(original.feedbackType, expected.feedbackType ?? original.feedbackType);
  });

test("a bounce says the same with other line ends, in base64, and in a message around it", () => {
  for (const [name, { kind }] of Object.entries(written)) {
    const bytes = bytesOfWritten(name);
    const plain = summary(bytes);
    assert.deepEqual(summary(withLineEnds(bytes, "\r")), plain, `${name}, CR`);
    assert.deepEqual(summary(withLineEnds(bytes, "\r\n")), plain, `${name}, CRLF`);
    assert.deepEqual(
      summary(Buffer.concat([Buffer.from("\n\nFrom x Mon May  6 10:00:00 2024\n"), bytes])),
      plain,
      name,
    );
    if (kind === "failure") {
      assert.deepEqual(summary(inBase64(bytes)), plain, `${name}, base64`);
      // of a person who asks about it: it is not the report itself, and is read as one
      assert.deepEqual(summary(attached(bytes)), { ...plain, kind: "other" }, `${name}, attached`);
    }
  }
});

test("broken bounces never throw", () => {
  let seed = 20_240_506;
  const random = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) % below;
  for (const name of Object.keys(written)) {
    const bytes = bytesOfWritten(name);
    for (let end = 0; end < bytes.length; end += 97) assertWhole(readBounce(bytes.subarray(0, end)));
    for (let round = 0; round < 20; round += 1) {
      const flipped = Buffer.from(bytes);
      for (let flips = 0; flips < 1 + round * 3; flips += 1) flipped[random(flipped.length)] = random(256);
      assertWhole(readBounce(flipped));
    }
  }
});

/** Plain data with what each report has. */
function assertWhole(report: BounceReport): void {
  assert.equal(typeof report.kind, "string");
  assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
  for (const { address, text } of report.recipients) assert.ok(address.length < 600 && text.length < 5_000);
}

const summary = (bytes: Buffer): object => {
  const { kind, recipients } = readBounce(bytes);
  return { kind, recipients: recipients.map(({ address, code, status, stage }) => ({ address, code, status, stage })) };
};

const withLineEnds = (bytes: Buffer, lineEnd: string): Buffer =>
  Buffer.from(bytes.toString("latin1").replaceAll(/\r\n?|\n/g, lineEnd), "latin1");

const inBase64 = (bytes: Buffer): Buffer => Buffer.from(bytes.toString("base64").replaceAll(/.{76}/g, "$&\n"));

const attached = (bytes: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(
      "From: Cat <cat@example.com>\nTo: help@example.com\nSubject: Fwd: what is this?\nContent-Type: multipart/mixed; boundary=outer\n\n--outer\n\nSee below.\n--outer\nContent-Type: message/rfc822\n\n",
    ),
    bytes,
    Buffer.from("\n--outer--\n"),
  ]);
