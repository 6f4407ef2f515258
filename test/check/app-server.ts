// What a mail server in perfect order says to a mail app, in each protocol; single answers can be replaced.
import type { Security } from "../../src/autoconfig/settings.ts";
import { ScramServer } from "./scram-server.ts";
import type { LineSession, Said } from "./line-server.ts";

export const person = { username: "ann@shop.example", password: "correct horse" };

export interface AppServing {
  readonly speaks: "imap" | "pop3" | "smtp";
  readonly security: Security;
  /** By verb, or GREETING; `{tag}` stands for IMAP's tag. Null: nothing is said. LOGIN-RESULT: to any login. */
  readonly says?: Readonly<Record<string, string | Said | null>>;
  /** Instead of PLAIN. */
  readonly mechanisms?: string;
  /** Instead of the whole address. */
  readonly username?: string;
  /** Told of each user name that comes with PLAIN. */
  readonly heard?: (username: string) => void;
}

interface Dialect {
  readonly greeting: string;
  /** The usual answers, by verb. */
  readonly usual: (isSecure: boolean) => Readonly<Record<string, string | Said>>;
  readonly go: string;
  readonly accepted: string;
  readonly refused: string;
  readonly unknown: string;
}

export function appSession(serving: AppServing): LineSession {
  const { speaks, says = {}, username = person.username } = serving;
  const dialect = dialects[speaks](serving);
  let user = "";
  let awaited: ((line: string) => string | Said | undefined) | undefined;
  let tag = "";
  const tagged = (said: string | Said | undefined): string | Said | undefined =>
    said === undefined
      ? undefined
      : typeof said === "string"
        ? said.replaceAll("{tag}", tag)
        : { ...said, lines: said.lines.replaceAll("{tag}", tag) };
  const result = (isRight: boolean): string | Said | undefined => {
    const said = says["LOGIN-RESULT"];
    return said === null ? undefined : (said ?? (isRight ? dialect.accepted : dialect.refused));
  };
  const plain = (line: string): string | Said | undefined => {
    serving.heard?.(decoded(line).split("\0")[1] ?? "");
    return result(decoded(line) === `\0${username}\0${person.password}`);
  };
  const authenticate = (mechanism: string): string => {
    if (mechanism === "PLAIN") {
      awaited = plain;
      return dialect.go;
    }
    if (mechanism === "LOGIN") {
      awaited = (name) => {
        awaited = (secret) => plain(encoded(`\0${decoded(name)}\0${decoded(secret)}`));
        return `${dialect.go}${encoded("Password:")}`;
      };
      return `${dialect.go}${encoded("User Name")}`;
    }
    const scram = new ScramServer(person.password);
    const next = (line: string): string | Said | undefined => {
      const said = scram.answer(line);
      awaited = said === undefined ? undefined : next;
      return said === undefined ? result(scram.isRight) : `${dialect.go.trimEnd()} ${said}`;
    };
    awaited = next;
    return dialect.go;
  };
  return {
    greeting: greetingOf(says["GREETING"], dialect.greeting),
    answer(line, isSecure) {
      if (awaited !== undefined) {
        const answer = awaited;
        awaited = undefined;
        return tagged(answer(line));
      }
      const whole = says[line];
      if (typeof whole === "string") return tagged(whole);
      const words = line.split(" ");
      if (speaks === "imap") tag = words.shift() ?? "";
      const verb = (words[0] ?? "").toUpperCase();
      const said = says[verb];
      if (said === null) return undefined;
      if (said !== undefined) return tagged(said);
      if (verb === "AUTH" || verb === "AUTHENTICATE") return tagged(authenticate((words[1] ?? "").toUpperCase()));
      if (verb === "LOGIN") return tagged(result(words.slice(1).join(" ") === `"${username}" "${person.password}"`));
      if (verb === "USER") user = words[1] ?? "";
      if (verb === "PASS") return result(user === username && words.slice(1).join(" ") === person.password);
      return tagged(dialect.usual(isSecure)[verb] ?? dialect.unknown);
    },
  };
}

const encoded = (text: string): string => Buffer.from(text).toString("base64");

const decoded = (text: string): string => Buffer.from(text, "base64").toString();

const greetingOf = (said: string | Said | null | undefined, usual: string): string | undefined =>
  said === null ? undefined : typeof said === "string" ? said : usual;

const dialects: Readonly<Record<AppServing["speaks"], (serving: AppServing) => Dialect>> = {
  imap: ({ security, mechanisms = "AUTH=PLAIN" }) => ({
    greeting: "* OK [CAPABILITY IMAP4rev1] Shop ready",
    usual: (isSecure) => ({
      CAPABILITY: `* CAPABILITY IMAP4rev1 ${isSecure || security === "none" ? mechanisms : "STARTTLS LOGINDISABLED"}\r\n{tag} OK done`,
      STARTTLS: { lines: "{tag} OK begin", next: "tls" },
      LOGOUT: { lines: "* BYE\r\n{tag} OK bye", next: "close" },
    }),
    go: "+ ",
    accepted: "{tag} OK logged in",
    refused: "{tag} NO [AUTHENTICATIONFAILED] Authentication failed.",
    unknown: "{tag} BAD what?",
  }),
  pop3: ({ security, mechanisms = "USER" }) => ({
    greeting: "+OK Shop ready",
    usual: (isSecure) => ({
      CAPA: `+OK\r\nUIDL\r\n${isSecure || security === "none" ? mechanisms : "STLS"}\r\n.`,
      STLS: { lines: "+OK begin", next: "tls" },
      USER: "+OK",
      QUIT: { lines: "+OK bye", next: "close" },
    }),
    go: "+ ",
    accepted: "+OK logged in",
    refused: "-ERR [AUTH] Authentication failed.",
    unknown: "-ERR what?",
  }),
  smtp: ({ security, mechanisms = "AUTH PLAIN LOGIN" }) => ({
    greeting: "220 mail.shop.example ESMTP",
    usual: (isSecure) => ({
      EHLO: `250-mail.shop.example\r\n250-SIZE 50000000\r\n250 ${isSecure || security === "none" ? mechanisms : "STARTTLS"}`,
      STARTTLS: { lines: "220 2.0.0 begin", next: "tls" },
      QUIT: { lines: "221 2.0.0 bye", next: "close" },
    }),
    go: "334 ",
    accepted: "235 2.7.0 welcome",
    refused: "535 5.7.8 Authentication credentials invalid",
    unknown: "502 5.5.1 what?",
  }),
};
