// Header fields that a message has once. RFC 5322 §3.6: with two of them, each program shows another one, and large receivers
// refuse the message. RFC 6409 §6.3.
import { reply } from "../../mail/reply.ts";
import type { Check } from "../check.ts";

/** To, Cc and Reply-To are missing: programs that write these twice are many, and nobody is deceived. */
const single = ["From", "Sender", "Subject", "Date", "Message-ID"];

/** Of those who are logged in. */
export const singleFields: Check = {
  name: "single-fields",
  phase: "content",
  judge({ client, content }) {
    if (client.account === undefined || content === undefined) return { kind: "nothing" };
    const names = content.header.map(({ name }) => name.toLowerCase());
    const twice = single.find((name) => names.filter((other) => other === name.toLowerCase()).length > 1);
    if (twice === undefined) return { kind: "nothing" };
    const text = `this message has several ${twice} fields, and may have one only; send it from another mail app, or have the program mended that made it`;
    return { kind: "refuse", check: "single-fields", reply: reply(554, "5.6.0", text) };
  },
};
