// Any content arrives octet for octet, whichever way it comes and goes. RFC 5321 §4.5.2, RFC 3030.
import * as fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import { selfSigned } from "../../src/receive/self-signed.ts";
import { assertCarried } from "../support/carried.ts";
import { RawClient } from "../support/raw-client.ts";
import { routeTo, runServer } from "../support/running-server.ts";
import { type SinkOptions, startSink, type Taken } from "../support/sink.ts";

const crlf = Buffer.from("\r\n");

const line = fc.oneof(
  fc.constantFrom("", ".", "..", "...", ". ", " .", "\t", ".\u00e9", "From here", "QUIT", "Subject: x"),
  fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCodePoint(code)), maxLength: 80 }),
  fc.integer({ min: 900, max: 9_000 }).map((length) => ".".padEnd(length, "long ")),
);

/** Lines of any octets but CR, LF and NUL, without the last line end. */
const text = fc
  .array(line, { maxLength: 12 })
  .map((lines) => Buffer.from(lines.map((line) => line.replaceAll(/[\r\n\0]/g, "")).join("\r\n"), "latin1"));

/** The content in chunks, cut anywhere, also inside a line end. */
const chunked = (content: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer[]> =>
  fc.tuple(content, fc.array(fc.nat({ max: 400 }), { maxLength: 6 })).map(([content, cuts]) => {
    const ends = [...cuts.map((cut) => Math.min(cut, content.length)).toSorted((a, b) => a - b), content.length];
    return ends.map((end, i) => content.subarray(ends[i - 1] ?? 0, end));
  });

/** A server that relays to a sink, and the way through both. */
async function open(sinkOptions: SinkOptions = {}, routeOptions: Parameters<typeof routeTo>[1] = {}) {
  const stack = new AsyncDisposableStack();
  const sink = stack.use(await startSink(sinkOptions));
  const server = stack.use(await runServer({ route: [routeTo(sink.port, routeOptions)] }));
  const client = stack.use(await RawClient.open(server.port));
  let sent = 0;
  return {
    /** What arrives after `send`. */
    async pass(send: (client: RawClient, from: string) => Promise<string>): Promise<Taken> {
      const from = `m${(sent += 1)}@client.test`;
      assert.match(await send(client, from), /^250 /);
      return sink.taken.first(({ mail }) => mail.includes(`<${from}>`));
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Nothing that BDAT is for. */
const onlyData = { offers: ["PIPELINING", "8BITMIME"] };
const to = ["ann@sink.test"];
const runs = { numRuns: 100 };

test("DATA in, DATA out", async () => {
  await using way = await open(onlyData);
  const whole = text.map((content) => Buffer.concat([content, crlf]));
  const passes = fc.asyncProperty(whole, async (content) => {
    const taken = await way.pass((client, from) => client.data({ from, to }, content));
    assertCarried(taken.content, content);
    assert.equal(
      taken.mail.includes("BODY=8BITMIME"),
      content.some((octet) => octet > 127),
    ); // found out, not declared
  });
  await fc.assert(passes, {
    ...runs,
    examples: [[crlf], [Buffer.from(".\r\n")], [Buffer.from("Subject: header only\r\n")]],
  });
  const empty = await way.pass((client, from) => client.data({ from, to }, Buffer.alloc(0)));
  assertCarried(empty.content, Buffer.alloc(0));
});

test("BDAT in, DATA out: a last line without its end gets one", async () => {
  await using way = await open(onlyData);
  const passes = fc.asyncProperty(chunked(text), async (chunks) => {
    const taken = await way.pass((client, from) => client.bdat({ from, to }, chunks));
    const content = Buffer.concat(chunks);
    // the trace header ends with CRLF, so an empty content needs none
    const isWhole = content.length === 0 || content.subarray(-2).equals(crlf);
    assertCarried(taken.content, isWhole ? content : Buffer.concat([content, crlf]));
  });
  const dotted = Buffer.from("a\r\n.\r\nb\r\n");
  const examples = Array.from(dotted, (_, cut): [Buffer[]] => [[dotted.subarray(0, cut), dotted.subarray(cut)]]);
  await fc.assert(passes, { ...runs, examples });
});

test("BDAT in, BDAT out: octets of every kind", async () => {
  await using way = await open();
  const octets = fc.uint8Array({ maxLength: 2_000 }).map((octets) => Buffer.from(octets));
  const passes = fc.asyncProperty(chunked(fc.oneof(octets, text)), async (chunks) => {
    const taken = await way.pass((client, from) => client.bdat({ from, to, parameters: "BODY=BINARYMIME" }, chunks));
    assert.equal(taken.by, "BDAT");
    assertCarried(taken.content, Buffer.concat(chunks));
  });
  await fc.assert(passes, { ...runs, examples: [[[Buffer.alloc(0)]], [[Buffer.from("no line end")]]] });
});

test("a message of some megabytes, by DATA and by BDAT, out in TLS", async () => {
  const pem = await selfSigned("sink.test", Date.now());
  await using byData = await open({ ...onlyData, pem }, { tls: "require" });
  await using byBdat = await open({ pem, implicitTls: true }, { tls: "require", implicit_tls: true });
  const content = Buffer.from(".dots and \u00fcmlauts\r\n..\r\n.\r\n".repeat(100_000), "latin1");
  const data = await byData.pass((client, from) => client.data({ from, to }, content));
  assert.ok(data.secure);
  assertCarried(data.content, content);
  const binary = Buffer.concat([content, Buffer.from([0, 10, 13, 255])]);
  const parameters = "BODY=BINARYMIME";
  const bdat = await byBdat.pass((client, from) => client.bdat({ from, to, parameters }, [binary]));
  assert.ok(bdat.secure);
  assertCarried(bdat.content, binary);
});
