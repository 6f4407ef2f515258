// The place of a PostgreSQL database, as its own programs write it.
import { Refusal, textKind } from "./kind.ts";

const examples = ["postgres://waybill:secret@db.example.org:5432/waybill"];

/** Undefined: it is none. Its message never shows it, for it may hold a password. */
export function parsePostgresUrl(written: string): string | undefined {
  if (!/^postgres(?:ql)?:\/\//.test(written)) return undefined;
  return URL.canParse(written) && new URL(written).pathname.length > 1 ? written : undefined;
}

export const postgresUrl = textKind(
  {
    name: "the URL of a PostgreSQL database",
    write: `Write "postgres://USER:PASSWORD@HOST:PORT/DATABASE", special characters in the password as %XX.`,
    examples,
    json: { type: "string", pattern: "^postgres(ql)?://" },
  },
  (written) => parsePostgresUrl(written) ?? new Refusal("this is not the URL of a PostgreSQL database"),
);
