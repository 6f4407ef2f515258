// A mail host of the lab: one mailbox that is read by IMAP and POP3, and a submission server that puts into it what it is
// given. Each of them can be broken in one way.
import type { AppProtocol } from "../../src/autoconfig/settings.ts";
import type { LineSession } from "./line-server.ts";

export interface Mail {
  readonly uid: number;
  readonly folder: string;
  readonly content: string;
}

/** What differs from a host in order. Replies stand without tags; undefined: as usual. */
export interface HostFaults {
  /** Instead of "ann@shop.example". */
  readonly username?: string;
  /** To a login, right or wrong. */
  readonly login?: Partial<Readonly<Record<AppProtocol, string>>>;
  readonly mechanisms?: string;
  /** IMAP LOGIN is forbidden. */
  readonly isLoginDisabled?: true;
  readonly greeting?: Partial<Readonly<Record<AppProtocol, string>>>;
  /** KiB used and allowed. */
  readonly quota?: string;
  /** To SELECT or EXAMINE. */
  readonly open?: string;
  readonly mail?: string;
  readonly rcpt?: string;
  readonly content?: string;
  /** Where what was sent lies; undefined: it never arrives. */
  readonly folder?: string | null;
  /** To EXPUNGE. */
  readonly expunge?: string;
}

export const password = "correct horse";

export interface MailboxHost {
  readonly mails: Mail[];
  /** Names and passwords with which somebody tried to log in. */
  readonly logins: string[];
  session(protocol: AppProtocol): LineSession;
}

export function mailboxHost(username: string, faults: () => HostFaults): MailboxHost {
  const host: MailboxHost = {
    mails: [{ uid: 1, folder: "INBOX", content: "Message-ID: <old@shop.example>\r\nSubject: old\r\n\r\nHello\r\n" }],
    logins: [],
    session(protocol) {
      switch (protocol) {
        case "imap":
          return imapSession(host, faults(), checks);
        case "pop3":
          return pop3Session(host, faults(), checks);
        case "smtp":
          return submissionSession(host, faults(), checks);
      }
    },
  };
  const checks = (user: string, secret: string): boolean => {
    host.logins.push(`${user}:${secret}`);
    return user === (faults().username ?? username) && secret === password;
  };
  return host;
}

type Checks = (user: string, secret: string) => boolean;

const plainOf = (text: string): [string, string] => {
  const [, user = "", secret = ""] = Buffer.from(text, "base64").toString("utf8").split("\0");
  return [user, secret];
};

function imapSession(host: MailboxHost, faults: HostFaults, checks: Checks): LineSession {
  let pending: string | undefined; // tag of an AUTHENTICATE
  let folder = "";
  let deleted: number[] = [];
  const capabilities = (isSecure: boolean): string =>
    [
      "IMAP4rev1 UIDPLUS",
      ...(isSecure ? (faults.mechanisms ?? "AUTH=PLAIN").split(" ") : ["STARTTLS LOGINDISABLED"]),
      ...(faults.isLoginDisabled && isSecure ? ["LOGINDISABLED"] : []),
    ].join(" ");
  const loggedIn = (tag: string, user: string, secret: string): string => {
    const isRight = checks(user, secret);
    return `${tag} ${faults.login?.imap ?? (isRight ? "OK logged in" : "NO [AUTHENTICATIONFAILED] Authentication failed.")}`;
  };
  const found = (command: string): number[] => {
    const [, field = "", value = ""] = /HEADER "([^"]+)" "([^"]+)"/i.exec(command) ?? [];
    return host.mails
      .filter((mail) => mail.folder === folder && mail.content.includes(`${field}: ${value}`))
      .map(({ uid }) => uid);
  };
  return {
    greeting: faults.greeting?.imap ?? "* OK ready",
    answer(line, isSecure) {
      if (pending !== undefined) {
        const tag = pending;
        pending = undefined;
        return loggedIn(tag, ...plainOf(line));
      }
      const [, tag = "*", verb = "", rest = ""] = /^(\S+) ((?:UID )?\S+) ?(.*)$/i.exec(line) ?? [];
      switch (verb.toUpperCase()) {
        case "CAPABILITY":
          return `* CAPABILITY ${capabilities(isSecure)}\r\n${tag} OK done`;
        case "STARTTLS":
          return { lines: `${tag} OK begin`, next: "tls" };
        case "AUTHENTICATE":
          pending = tag;
          return "+ ";
        case "LOGIN": {
          const [, user = "", secret = ""] = /^"([^"]*)" "([^"]*)"/.exec(rest) ?? [];
          return loggedIn(tag, user, secret);
        }
        case "SELECT":
        case "EXAMINE": {
          if (faults.open !== undefined) return `${tag} ${faults.open}`;
          folder = rest.replaceAll('"', "");
          return `* ${host.mails.filter((mail) => mail.folder === folder).length} EXISTS\r\n${tag} OK open`;
        }
        case "GETQUOTAROOT":
          return `* QUOTAROOT INBOX ""\r\n* QUOTA "" (STORAGE ${faults.quota ?? "10 1000"})\r\n${tag} OK done`;
        case "LIST":
          return (
            String.raw`* LIST (\HasNoChildren) "/" "INBOX"` +
            `\r\n` +
            String.raw`* LIST (\Junk) "/" "Spam"` +
            `\r\n${tag} OK done`
          );
        case "UID SEARCH":
          return `* SEARCH ${found(line).join(" ")}\r\n${tag} OK done`;
        case "UID STORE":
          deleted = rest.split(" ")[0]!.split(",").map(Number);
          return `${tag} OK stored`;
        case "UID EXPUNGE": {
          if (faults.expunge !== undefined) return `${tag} ${faults.expunge}`;
          const kept = host.mails.filter(({ uid }) => !deleted.includes(uid));
          host.mails.splice(0, host.mails.length, ...kept);
          return `${tag} OK gone`;
        }
        case "LOGOUT":
          return { lines: `* BYE\r\n${tag} OK bye`, next: "close" };
      }
      return `${tag} OK done`;
    },
  };
}

function pop3Session(host: MailboxHost, faults: HostFaults, checks: Checks): LineSession {
  let user = "";
  let deleted: string[] = [];
  const lines = (...texts: readonly string[]): string => ["+OK", ...texts, "."].join("\r\n");
  const inbox = (): Mail[] => host.mails.filter(({ folder }) => folder === "INBOX");
  return {
    greeting: faults.greeting?.pop3 ?? "+OK ready",
    answer(line, isSecure) {
      const [verb = "", rest = ""] = line.split(/ (.*)/s);
      switch (verb.toUpperCase()) {
        case "CAPA":
          return lines("UIDL", "TOP", isSecure ? "USER" : "STLS");
        case "STLS":
          return { lines: "+OK begin", next: "tls" };
        case "USER":
          user = rest;
          return "+OK";
        case "PASS": {
          const isRight = checks(user, rest);
          return faults.login?.pop3 ?? (isRight ? "+OK logged in" : "-ERR [AUTH] Authentication failed.");
        }
        case "STAT":
          return `+OK ${inbox().length} 1000`;
        case "LIST":
        case "UIDL":
          return lines(...inbox().map(({ uid }, i) => `${i + 1} ${uid}`));
        case "TOP":
          return lines(...(inbox()[Number(rest.split(" ")[0]) - 1]?.content.split("\r\n\r\n")[0] ?? "").split("\r\n"));
        case "DELE":
          deleted.push(String(inbox()[Number(rest) - 1]?.uid));
          return "+OK";
        case "QUIT": {
          const kept = host.mails.filter(({ uid }) => !deleted.includes(String(uid)));
          host.mails.splice(0, host.mails.length, ...kept);
          deleted = [];
          return { lines: "+OK bye", next: "close" };
        }
      }
      return "-ERR what?";
    },
  };
}

function submissionSession(host: MailboxHost, faults: HostFaults, checks: Checks): LineSession {
  let mode: "command" | "auth" | "content" = "command";
  let content: string[] = [];
  const taken = (): string => {
    const { folder = "INBOX" } = faults;
    if (faults.content === undefined && folder !== null)
      host.mails.push({ uid: host.mails.length + 1, folder, content: content.join("\r\n") });
    content = [];
    return faults.content ?? "250 2.0.0 queued";
  };
  return {
    greeting: faults.greeting?.smtp ?? "220 smtp.shop.example ESMTP",
    answer(line, isSecure) {
      if (mode === "content") {
        if (line !== ".") return void content.push(line.replace(/^\./, ""));
        mode = "command";
        return taken();
      }
      if (mode === "auth") {
        mode = "command";
        const isRight = checks(...plainOf(line));
        return faults.login?.smtp ?? (isRight ? "235 2.7.0 welcome" : "535 5.7.8 Authentication failed");
      }
      switch (line.split(" ")[0]!.toUpperCase()) {
        case "EHLO":
          return `250-smtp.shop.example\r\n250-${isSecure ? "AUTH PLAIN" : "STARTTLS"}\r\n250 SIZE 10000000`;
        case "STARTTLS":
          return { lines: "220 2.0.0 go", next: "tls" };
        case "AUTH":
          mode = "auth";
          return "334 ";
        case "MAIL":
          return faults.mail ?? "250 2.1.0 ok";
        case "RCPT":
          return faults.rcpt ?? "250 2.1.5 ok";
        case "RSET":
          return "250 2.0.0 ok";
        case "DATA":
          mode = "content";
          return "354 go on";
        case "QUIT":
          return { lines: "221 2.0.0 bye", next: "close" };
      }
      return "502 5.5.1 what?";
    },
  };
}
