// Hostile and broken replies and bounces: nothing may throw, and nothing may take long. Repeatable by its seed.
// node fuzz/explain.ts [inputs] [seed]
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { explain } from "../src/explain/explain.ts";
import { explainBounce } from "../src/explain/explain-bounce.ts";
import { ownKnowledge } from "../src/explain/knowledge/knowledge.ts";

const [inputs = "1000000", seed = "1"] = process.argv.slice(2);
/** Processor time of one input, in milliseconds, from which it is told. */
const slowMs = 50;

const folder = join(import.meta.dirname, "../test/explain/written-bounces");
const bounces = readdirSync(folder)
  .filter((name) => name.endsWith(".eml"))
  .map((name) => readFileSync(join(folder, name)));
const replies = ownKnowledge().rules.flatMap(({ examples }) => examples);

let state = Number(seed) >>> 0;
/** mulberry32 */
function random(below: number): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
}

const one = <T>(of: readonly T[]): T => of[random(of.length)]!;
const nasty = [
  "(((((",
  "<@>",
  "=?iso-2022-jp?B?",
  "....",
  " ... ",
  "\u001b$B",
  "550-5.1.1 ",
  "\r",
  "\0",
  "é",
  "ユーザ",
  "@".repeat(50),
  "a ".repeat(300),
  "--b\n\n",
  "Content-Type: multipart/mixed; boundary=b\n\n",
];

function mutatedText(): string {
  let text = one(replies);
  for (let times = random(4); times >= 0; times--) {
    const at = random(text.length + 1);
    const change = random(5);
    if (change === 0) text = text.slice(0, at);
    else if (change === 1) text = text.slice(0, at) + one(nasty) + text.slice(at);
    else if (change === 2) text = text.slice(0, at) + one(replies) + text.slice(at);
    else if (change === 3) text = text.repeat(1 + random(8)).slice(0, 50_000);
    else text = text.slice(0, at) + String.fromCharCode(random(0x3000)) + text.slice(at + 1);
  }
  return text;
}

function mutatedBounce(): Uint8Array {
  let bytes = Buffer.from(one(bounces));
  for (let times = random(4); times >= 0; times--) {
    const at = random(bytes.length + 1);
    const change = random(6);
    if (change === 0) bytes = bytes.subarray(0, at);
    else if (change === 1) bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(one(nasty)), bytes.subarray(at)]);
    else if (change === 2) bytes = Buffer.concat([bytes.subarray(0, at), one(bounces), bytes.subarray(at)]);
    else if (change === 3)
      bytes = Buffer.from(bytes.toString("latin1").replaceAll("\n", one(["\r", "\r\n", "\n\n"])), "latin1");
    else if (change === 4 && bytes.length > 0) bytes[random(bytes.length)] = random(256);
    else bytes = Buffer.concat([Buffer.from(one(nasty)), bytes]);
  }
  return bytes;
}

let slowest = { ms: 0, seed: 0, what: "" };
let slow = 0;
const began = process.cpuUsage();
for (let i = 0; i < Number(inputs); i++) {
  const ofThis = state;
  const input = i % 4 === 0 ? mutatedBounce() : mutatedText();
  const before = process.cpuUsage();
  try {
    if (typeof input === "string") explain(input);
    else explainBounce(input);
  } catch (error) {
    console.error(`input ${i}, seed ${ofThis}: ${(error as Error).stack}`);
    process.exitCode = 1;
  }
  const { user, system } = process.cpuUsage(before);
  const ms = (user + system) / 1_000;
  if (ms > slowMs) slow++;
  if (ms > slowest.ms)
    slowest = { ms, seed: ofThis, what: typeof input === "string" ? "reply" : `bounce of ${input.length} bytes` };
}
const { user, system } = process.cpuUsage(began);
console.log(
  `${inputs} inputs in ${((user + system) / 1_000_000).toFixed(0)} s of processor time; ${slow} over ${slowMs} ms; the slowest took ${slowest.ms.toFixed(0)} ms (${slowest.what}, seed ${slowest.seed})`,
);
