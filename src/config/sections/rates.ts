// Settings of [rates] and [abuse]: how much strangers may send, and what happens to those who misbehave.
import { z } from "zod";
import { duration } from "../units.ts";

/** Kept finer than these by no counter. */
const rate = z.int().min(0).max(60_000);
const points = z.int().min(0).max(10_000);

export const rates = z
  .strictObject({
    connections_per_minute: rate
      .default(600)
      .describe("Connections in a minute from one network (IPv4: /24, IPv6: /64). 0: no limit."),
    messages_per_minute: rate.default(600).describe("Messages in a minute from one network. 0: no limit."),
    recipients_per_minute: rate.default(3_000).describe("Recipients in a minute from one network. 0: no limit."),
    sender_messages_per_minute: rate
      .default(1_200)
      .describe(
        "Messages in a minute of one proven sender: the domain that DMARC, DKIM or SPF speaks for, wherever it sends from. 0: no limit.",
      ),
    recipient_messages_per_hour: rate
      .default(1_000)
      .describe("Messages in an hour for one recipient, from all strangers together. 0: no limit."),
  })
  .describe(
    "How much strangers may send. Who sends more is told when to come again, and loses nothing. Trusted networks and accounts are not concerned.",
  );

export const abuse = z
  .strictObject({
    slow_at: points
      .default(10)
      .describe(
        "Points from which on a network waits for our replies, with each point longer. Unknown recipients, failed logins, protocol errors and the like give points (docs/limits.md). 0 turns it off.",
      ),
    longest_delay: duration("0s", "25s").default(10_000).describe("Longest such wait for one reply."),
    refuse_at: points
      .default(40)
      .describe("Points from which on a network is disconnected, and not let in again for a while. 0 turns it off."),
    refuse_for: duration("1s", "30d").default(3_600_000).describe("How long it is not let in."),
    forgive_every: duration("1s", "1d").default(30_000).describe("One point is forgiven in each such time."),
  })
  .describe(
    "What happens to networks (IPv4: /24, IPv6: /64) that misbehave. Trusted networks and accounts are not concerned.",
  );
