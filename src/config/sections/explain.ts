// Settings of the explanations: [explain].
import { z } from "zod";
import { languages } from "../../explain/languages/reader.ts";
import { filePath } from "../names.ts";

export const explain = z
  .strictObject({
    language: z
      .enum(languages)
      .default("en")
      .describe(
        "The language of notices and explanations for readers of whose language nothing is known: English, German, French, Spanish, Japanese.",
      ),
    rules: z
      .array(filePath)
      .default([])
      .meta({
        description:
          "Files with rules of your own on what the replies of other servers mean (docs/adding-a-cause.md). They come before the built-in ones.",
        examples: [["/etc/waybill/rules.json"]],
      }),
  })
  .describe("Failures in words: in notices, in `waybill trace`, `waybill queue` and `waybill explain`.");
