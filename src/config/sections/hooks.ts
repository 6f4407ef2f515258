// Settings of the hooks: [hooks].
import { z } from "zod";
import { filePath } from "../names.ts";

export const hooks = z
  .strictObject({
    modules: z
      .array(filePath)
      .default([])
      .meta({
        description:
          "Modules with checks of your own, in JavaScript or TypeScript, each with an export `checks` (docs/adding-a-check.md). They are loaded at the start, and judge together with the built-in checks.",
        examples: [["./my-checks.js"]],
      }),
  })
  .describe("Checks of your own.");
