// Settings for addresses that are not tried again for a time: [suppression].
import { z } from "zod";
import { mailAddress } from "../names.ts";

export const suppression = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe(
        "Addresses of others that do not exist any more, or whose owner complained, are not tried for a time: the first time for a day. The sender is told at once why. `waybill suppression` lists and lifts.",
      ),
    never: z
      .array(mailAddress)
      .default([])
      .meta({
        description: "Addresses that are always tried. `postmaster` of any domain is, too.",
        examples: [["orders@example.com"]],
      }),
    remembered: z
      .int()
      .min(1_000)
      .max(10_000_000)
      .default(1_000_000)
      .describe(
        "Addresses that are remembered at most, some 300 bytes each, and 16 in memory. Those whose time ends first are forgotten first.",
      ),
  })
  .describe("Addresses that mail is not sent to for a time (docs/suppression.md).");
