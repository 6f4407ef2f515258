// Where other people's test suites are, if they are on this machine.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const suites = process.env["WAYBILL_SUITES"] ?? join(import.meta.dirname, "../../../shared/suites");

export interface Suite {
  /** For `test`: false, or the reason. */
  readonly skip: string | false;
  /** Paths below the suite's folder, sorted. */
  readonly files: (ending: string) => readonly string[];
  readonly read: (file: string) => Buffer;
  readonly path: (file: string) => string;
}

export function suite(name: string): Suite {
  const folder = join(suites, name);
  const skip = existsSync(folder) ? false : `${folder} is absent; set WAYBILL_SUITES to the folder that has ${name}`;
  return {
    skip,
    files: (ending) =>
      skip === false
        ? readdirSync(folder, { recursive: true, encoding: "utf8" })
            .filter((file) => file.endsWith(ending))
            .toSorted()
        : [],
    read: (file) => readFileSync(join(folder, file)),
    path: (file) => join(folder, file),
  };
}
