// Commands that change nothing: NOOP, VRFY, EXPN, HELP, QUIT, and HTTP. RFC 5321 §3.5, §4.1.1.6–10.
import { reply } from "../../mail/reply.ts";
import type { Rules } from "../rule.ts";
import { answer } from "./answer.ts";
import { mechanismsFor } from "./login.ts";

export const information: Pick<Rules, "NOOP" | "VRFY" | "EXPN" | "HELP" | "QUIT" | "HTTP"> = {
  NOOP: { check: () => answer(250, "2.0.0", "ok") },
  // RFC 5321 §7.3: an answer would help those who collect addresses
  VRFY: {
    check: () => answer(252, "2.0.0", "not verified; send RCPT TO to see whether mail is taken for this address"),
  },
  EXPN: { check: () => answer(502, "5.5.1", "lists are not expanded here; send to the list's address") },
  HELP: {
    check: (_, known) =>
      answer(
        214,
        "2.0.0",
        `commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP STARTTLS ${mechanismsFor(known).length > 0 ? "AUTH " : ""}QUIT`,
        "a message: EHLO your.name, MAIL FROM:<you@...>, RCPT TO:<them@...>, DATA, then a line with only a dot",
        "questions: write to postmaster at this host",
      ),
  },
  QUIT: { check: (_, { settings }) => ({ kind: "close", reply: reply(221, "2.0.0", `${settings.hostname} goodbye`) }) },
  HTTP: {
    check: () => ({
      kind: "close",
      reply: reply(521, "5.5.1", "this is a mail server, it speaks SMTP, not HTTP; closing"),
    }),
  },
};
