// A message that has passed too many servers goes round in a circle. RFC 5321 §6.3.
import { reply } from "../mail/reply.ts";
import type { Check } from "./check.ts";

export const loop = (maxHops: number): Check => ({
  name: "loop",
  phase: "content",
  judge({ content }) {
    if (content === undefined || content.hops <= maxHops) return { kind: "nothing" };
    const text = `this message has passed ${content.hops} mail servers and seems to go round in a circle; a forwarding rule on its way points back to itself`;
    return { kind: "refuse", check: "loop", reply: reply(554, "5.4.6", text) };
  },
});
