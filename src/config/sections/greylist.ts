// Settings of [greylist].
import { z } from "zod";
import { duration } from "../units.ts";

export const greylist = z
  .strictObject({
    for: z
      .enum(["off", "suspicious", "unknown"])
      .default("suspicious")
      .describe(
        "Who is asked to come again: `suspicious` are strangers who prove no domain and look bad (no reverse name, an SPF record that does not name them, a bad network, a DNS list), `unknown` are all strangers, `off` is nobody.",
      ),
    delay: duration("1s", "1d")
      .default(5 * 60_000)
      .describe("Wait before the second attempt counts. Whoever is not well thought of waits four times as long."),
    retry_within: duration("1m", "30d")
      .default(2 * 24 * 3_600_000)
      .describe("Whoever comes again later than this after the first attempt is a stranger again."),
    keep: duration("1d", "3650d")
      .default(35 * 24 * 3_600_000)
      .describe(
        "A host that came again is let in at once for so long after its last mail. 35 days see a monthly letter.",
      ),
  })
  .describe(
    "Strangers are asked to come again in a few minutes, which mail servers do and most programs that send spam do not (RFC 6647). `waybill greylist` shows who waits, and lets them in (docs/reputation.md).",
  );
