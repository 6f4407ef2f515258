// Replies and bounces explained per second of one processor: the rules' own examples, and the bounces that we wrote.
// node bench/explain.ts [runs]
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { explain } from "../src/explain/explain.ts";
import { explainBounce } from "../src/explain/explain-bounce.ts";
import { ownKnowledge } from "../src/explain/knowledge/knowledge.ts";

const [runs = "5"] = process.argv.slice(2);
const folder = join(import.meta.dirname, "../test/explain/written-bounces");
const bounces = readdirSync(folder)
  .filter((name) => name.endsWith(".eml"))
  .map((name) => readFileSync(join(folder, name)));
const replies = ownKnowledge().rules.flatMap(({ examples }) => examples);

/** Per second of processor time; other programs on the machine do not count. */
function rate(times: number, one: (i: number) => void): number {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) one(i);
  const { user, system } = process.cpuUsage(before);
  return (times / (user + system)) * 1_000_000;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const average = (sizes: readonly number[]): string =>
  (sizes.reduce((sum, size) => sum + size, 0) / sizes.length).toFixed(0);

const measured = { replies: [] as number[], bounces: [] as number[] };
for (let run = -1; run < Number(runs); run++) {
  const ofReplies = rate(20_000, (i) => explain(replies[i % replies.length]!));
  const ofBounces = rate(3_000, (i) => explainBounce(bounces[i % bounces.length]!));
  if (run === -1) continue; // warm-up
  measured.replies.push(ofReplies);
  measured.bounces.push(ofBounces);
}
const replyLength = average(replies.map(({ length }) => length));
const bounceLength = average(bounces.map(({ length }) => length));
console.log(
  `replies  ${median(measured.replies).toFixed(0)}/s  (${replies.length} texts, ${replyLength} characters on average)`,
);
console.log(
  `bounces  ${median(measured.bounces).toFixed(0)}/s  (${bounces.length} messages, ${bounceLength} bytes on average)`,
);
