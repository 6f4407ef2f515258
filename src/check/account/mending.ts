// Who has to mend a source of settings, and how.
import { act, type Change } from "../finding.ts";
import type { Source } from "./question.ts";

export const isPublicDirectory = ({ name }: Source): boolean => name === "directory" || name === "directory-mx";

export function mending(source: Source): Change {
  const { at: url, name } = source;
  if (isPublicDirectory(source)) return act("update-directory", { url });
  return act(name === "srv" ? "mend-srv" : "mend-settings-file", { url });
}
