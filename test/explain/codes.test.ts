// The codes: every one of the RFC and of IANA's registry is described, in plain words, and explained.
import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "../../src/explain/explain.ts";
import enhanced from "../../src/explain/knowledge/enhanced-codes.json" with { type: "json" };
import http from "../../src/explain/knowledge/http-codes.json" with { type: "json" };
import { isCause } from "../../src/explain/knowledge/causes.ts";
import reply from "../../src/explain/knowledge/reply-codes.json" with { type: "json" };
import { readingGrade } from "../support/reading-grade.ts";
import { suite } from "../support/suites.ts";

interface WrittenCode {
  readonly name: string;
  readonly meaning: string;
  readonly source: string;
  readonly standard?: boolean;
  readonly cause?: string;
  readonly transientCause?: string;
  readonly byStage?: Readonly<Record<string, string>>;
}

const replyCodes: Readonly<Record<string, WrittenCode>> = reply.codes;
const enhancedCodes: Readonly<Record<string, WrittenCode>> = enhanced.codes;
const httpCodes: Readonly<Record<string, WrittenCode>> = http.codes;
const all = Object.entries({ ...replyCodes, ...enhancedCodes, ...prefixed("HTTP ", httpCodes) });

function prefixed(prefix: string, codes: Readonly<Record<string, WrittenCode>>): Record<string, WrittenCode> {
  return Object.fromEntries(Object.entries(codes).map(([code, written]) => [`${prefix}${code}`, written]));
}

/** RFC 5321 §4.2.3. */
const ofSmtp = [
  211, 214, 220, 221, 250, 251, 252, 354, 421, 450, 451, 452, 455, 500, 501, 502, 503, 504, 550, 551, 552, 553, 554,
  555,
];
/** AUTH, STARTTLS, ETRN, ATRN, 521 and 556, and those that RFC 5248 adds. */
const ofExtensions = [235, 253, 334, 355, 432, 453, 454, 458, 459, 521, 523, 524, 525, 530, 533, 534, 535, 538, 556];
const inTheWild = [
  420, 422, 431, 441, 442, 446, 447, 449, 471, 499, 509, 510, 511, 512, 513, 515, 517, 540, 541, 546, 571, 572,
];

test("every reply code of the RFCs, and those seen in the wild, is described and explained", () => {
  for (const code of [...ofSmtp, ...ofExtensions, ...inTheWild]) {
    const written = replyCodes[code];
    assert.ok(written !== undefined, `${code} is missing`);
    const isStandard = !inTheWild.includes(code);
    assert.equal(written.standard, isStandard, String(code));
    assert.match(written.source, isStandard ? /^RFC \d+|RFC 5248/ : /, not in an RFC$|RFC 5248$/, String(code));
    const said = explain({ text: "", code });
    assert.ok(
      said.forOperator.some((fact) => fact.includes(written.meaning)),
      String(code),
    );
    if (code >= 400) assert.deepEqual([said.cause, said.confidence], [written.cause, "guess"], String(code));
  }
});

test("what was answered decides between the causes of a code", () => {
  for (const [code, { byStage = {} }] of Object.entries(replyCodes))
    for (const [stage, cause] of Object.entries(byStage))
      assert.equal(
        explain({ text: "", code: Number(code), stage: stage as "rcpt" }).cause,
        cause,
        `${code} at ${stage}`,
      );
});

const iana = suite("iana");

test("every row of IANA's registry is described and explained", { skip: iana.skip }, () => {
  const rows = iana.files(".csv").flatMap((file) =>
    Array.from(
      iana
        .read(file)
        .toString()
        .matchAll(/^X\.(\d+\.\d+),/gm),
      ([, detail]) => detail!,
    ),
  );
  assert.ok(rows.length > 70);
  for (const detail of rows) {
    assert.ok(Object.hasOwn(enhancedCodes, detail), `X.${detail} is missing`);
    assert.notEqual(enhancedCodes[detail]!.standard, false, detail);
  }
});

test("each enhanced code is explained in both classes, with the cause that is written", () => {
  for (const [detail, { cause, transientCause, meaning }] of Object.entries(enhancedCodes)) {
    for (const [status, expected] of [
      [`5.${detail}`, cause],
      [`4.${detail}`, transientCause ?? cause],
    ] as const) {
      const said = explain({ text: "", status });
      assert.equal(said.cause, expected, status);
      assert.ok(
        said.forOperator.some((fact) => fact.includes(meaning)),
        status,
      );
      assert.equal(said.permanence === "temporary", status.startsWith("4"), status);
    }
  }
});

test("a code that nobody has described means what its class, its range or its subject means", () => {
  const cases = [
    [{ code: 299 }, "delivered", /has done what was asked/],
    [{ code: 488 }, "unclear", /may work later/],
    [{ code: 588 }, "unclear", /has said no/],
    [{ status: "5.7.612" }, "server-listed", /list of blocked servers/],
    [{ status: "4.7.612" }, "sending-too-fast", /odd traffic/],
    [{ status: "5.7.733" }, "sending-quota-used-up", /sent too much/],
    [{ status: "5.7.999" }, "security-refusal", /keep the other side safe/],
    [{ status: "5.1.99" }, "no-such-mailbox", /wrong with an address/],
    [{ status: "2.7.1" }, "no-failure", /./],
    [{ code: 354 }, "no-failure", /send the message/],
  ] as const;
  for (const [failure, cause, meaning] of cases) {
    const said = explain({ text: "", ...failure });
    assert.equal(said.cause, cause, JSON.stringify(failure));
    assert.match(said.forOperator.join("\n"), meaning, JSON.stringify(failure));
    assert.equal(said.confidence === "certain", false);
  }
  assert.deepEqual(explain({ text: "", code: 999, status: "9.9.9" }).forOperator, []);
});

test("every code has a subject, and every cause and stage that a code names exists", () => {
  const stages = new Set(["connect", "hello", "tls", "login", "mail", "rcpt", "data"]);
  for (const [code, { cause, transientCause, byStage = {} }] of all) {
    for (const name of [cause, transientCause, ...Object.values(byStage)])
      assert.ok(name === undefined || isCause(name), `${code}: ${name}`);
    assert.deepEqual(
      Object.keys(byStage).filter((stage) => !stages.has(stage)),
      [],
      code,
    );
  }
  for (const detail of Object.keys(enhancedCodes))
    assert.ok(Object.hasOwn(enhanced.subjects, detail.split(".", 1)[0]!), detail);
});

test("meanings are plain sentences, and put no number in place of words", () => {
  const wrong = all.flatMap(([code, { name, meaning }]) => {
    const faults = [
      readingGrade(meaning) > 8 && `is of grade ${readingGrade(meaning).toFixed(1)}`,
      /\d{3}|\d\.\d/.test(`${name} ${meaning}`) && "names a number",
      !/^[A-Z].*[.]$/s.test(meaning) && "is no sentence",
    ];
    return faults.flatMap((fault) => (fault === false ? [] : [`${code} ${fault}: ${meaning}`]));
  });
  assert.deepEqual(wrong, []);
});
