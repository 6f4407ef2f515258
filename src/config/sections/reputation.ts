// Settings of [reputation].
import { z } from "zod";
import { duration } from "../units.ts";

const score = z.int().min(-100).max(0);

export const reputation = z
  .strictObject({
    refuse_below: score
      .default(-70)
      .describe(
        "Mail is refused from senders whose score is below this; scores go from -100 to 100. With -100, none but those that the operator pinned as bad.",
      ),
    mark_below: score
      .default(-30)
      .describe("Mail from senders whose score is below this is marked as suspicious, for the recipient's filters."),
    half_life: duration("1h", "365d")
      .default(14 * 24 * 3_600_000)
      .describe(
        "After so long, what was seen of a sender counts for half. Longer is slower to forget, and to forgive.",
      ),
    remembered: z
      .int()
      .min(1_000)
      .max(10_000_000)
      .default(100_000)
      .describe(
        "Senders that are remembered at most, some 300 bytes each. Those of whom least was seen are forgotten first.",
      ),
  })
  .describe(
    "What is remembered of senders, by who they really are: a domain that proved itself, or else the network. `waybill senders` shows it (docs/reputation.md).",
  );
