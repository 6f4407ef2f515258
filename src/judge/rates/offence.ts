// What a refusal says about the client: a slip that many make, in points.
import type { Event } from "../../journal/event.ts";

export type Offence = "unknown-recipient" | "relaying" | "failed-login" | "protocol" | "wrong-helo" | "early-talk";

export const offencePoints: Readonly<Record<Offence, number>> = {
  "unknown-recipient": 1,
  relaying: 1,
  protocol: 1,
  "wrong-helo": 1,
  "failed-login": 2,
  "early-talk": 5, // no mail program does that, RFC 5321 §4.3.1
};

/** They know addresses that only we can make. */
const isSignature = new Set(["srs", "returns"]);

/** Undefined: nothing that speaks against the client itself. What policy, load or the content are to blame for is none. */
export function offenceOf({ stage, check, reply }: Extract<Event, { kind: "refused" }>): Offence | undefined {
  const { code, enhanced } = reply;
  if (stage === "login" && code === 535) return "failed-login";
  if (check === "helo") return "wrong-helo";
  if (stage === "rcpt" && enhanced === "5.1.1" && check !== "suppression") return "unknown-recipient";
  if (check === "relay" || (isSignature.has(check ?? "") && enhanced === "5.7.1")) return "relaying"; // a guess at our signature
  if (check !== undefined) return undefined;
  if (stage === "connect" && code === 421 && enhanced === undefined) return "early-talk";
  // RFC 3463 §3.6: the protocol
  return enhanced?.startsWith("5.5.") || enhanced === "4.5.0" ? "protocol" : undefined;
}
