// PostgreSQL's errors in words for the operator: what is wrong, where, and what to do.
import { StoreFull } from "../../queue/store.ts";

/** Where the database is, for people: without the password. */
export interface Place {
  /** "db.example:5432" */
  readonly server: string;
  readonly database: string;
  readonly user: string;
}

/** SQLSTATE of what the server said, or the code of a socket's error. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

/** The server has answered, so it is known that nothing was written. */
export const isRefusal = (error: unknown): boolean => {
  const code = codeOf(error);
  return (
    error instanceof StoreFull || (/^[0-9A-Z]{5}$/.test(code) && !/^(?:08|57P)/.test(code) && !/^E[A-Z]{4}$/.test(code))
  );
};

/** The same error for people. */
export function inWords(error: unknown, { server, database, user }: Place): Error {
  const reason = error instanceof Error ? error.message || codeOf(error) : String(error);
  const cause = { cause: error };
  switch (codeOf(error)) {
    case "53100":
      return new StoreFull(`the disk of PostgreSQL at ${server} is full: free space there (${reason})`);
    case "28P01":
    case "28000":
      return new Error(
        `PostgreSQL at ${server} does not let the user "${user}" in (${reason}): check the name and the password in \`url\` under [storage], and the server's pg_hba.conf`,
        cause,
      );
    case "3D000":
      return new Error(
        `PostgreSQL at ${server} has no database "${database}": make it (CREATE DATABASE "${database}"), or correct \`url\` under [storage]`,
        cause,
      );
    case "42501":
      return new Error(
        `the user "${user}" may not do this in the database "${database}" at ${server} (${reason}): make the user its owner`,
        cause,
      );
    case "53300":
      return new Error(
        `PostgreSQL at ${server} has no connection left (${reason}): raise its max_connections, or lower \`connections\` under [storage]`,
        cause,
      );
    case "25006":
      return new Error(
        `PostgreSQL at ${server} takes no changes (${reason}): it is a standby; write the primary server in \`url\` under [storage]`,
        cause,
      );
    case "":
    case "ECONNREFUSED":
    case "ECONNRESET":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ENOENT":
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EPIPE":
    case "ETIMEDOUT":
    case "57P01":
    case "57P02":
    case "57P03":
      return new Error(
        `cannot reach PostgreSQL at ${server} (${reason}): is it running, and is \`url\` under [storage] right?`,
        cause,
      );
    default:
      return error instanceof Error ? error : new Error(reason);
  }
}
