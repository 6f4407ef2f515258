// What was found out about a sender, in words, a line each.
import type { Judged } from "../journal/event.ts";
import { oneLine } from "../mail/printable.ts";
import type { Reply } from "../mail/reply.ts";
import type { Authentication, Identity, SenderVerdicts } from "../mail/verdict.ts";

/** What the client was told, which stands in the line above already. */
interface Told {
  readonly reply: Reply;
  readonly check?: string;
}

export function judgedTexts({ identity, authentication, sender, findings }: Judged, told?: Told): string[] {
  const said = told === undefined ? "" : told.reply.lines.join(" ");
  const others = findings.filter(({ check, kind }) => kind === "mark" || check !== told?.check);
  return [
    ...provenTexts(identity),
    ...(sender === undefined ? [] : senderTexts(sender, said)),
    ...(authentication === undefined ? [] : authenticationTexts(authentication, said)),
    ...others.map(({ check, kind, text }) => `${kindText[kind]} (${check}): ${text}`),
  ].map(oneLine);
}

const kindText = { mark: "marked as suspicious", defer: "asked to come back", refuse: "refused" } as const;

function provenTexts({ kind, name }: Identity): string[] {
  switch (kind) {
    case "account":
      return []; // the line above says who is logged in
    case "dmarc":
      return [`from ${name}, as DMARC proves`];
    case "dkim":
      return [`from ${name}, as DKIM proves`];
    case "spf":
      return [`from ${name}, as SPF proves`];
    case "network":
      return [`from somebody in the network ${name}; nothing else is proven`];
  }
}

/** No reason that was `said` already. */
const lineFor =
  (said: string) =>
  (what: string, result: string, because: string): string =>
    `${what} ${result}${said.includes(because) ? "" : `: ${because}`}`;

function senderTexts({ iprev, spf }: SenderVerdicts, said: string): string[] {
  const of = lineFor(said);
  return [
    of("reverse name", iprev.result, iprev.because),
    ...spf.map(({ scope, domain, result, because }) =>
      of(`SPF of ${scope === "helo" ? "HELO" : "MAIL FROM"} ${domain}`, result, because),
    ),
  ];
}

function authenticationTexts({ dkim, arc, dmarc, ...sender }: Authentication, said: string): string[] {
  const of = lineFor(said);
  return [
    ...senderTexts(sender, said),
    ...(dkim.length === 0 ? ["no DKIM signature"] : []),
    ...dkim.map(({ domain, selector, result, because }) =>
      of(domain === "" ? "DKIM" : `DKIM of ${domain} (selector ${selector})`, result, because),
    ),
    ...(arc.result === "none"
      ? []
      : [of(`ARC${arc.sealer ? ` sealed by ${arc.sealer}` : ""}`, arc.result, arc.because)]),
    of(`DMARC${dmarc.domain === undefined ? "" : ` of ${dmarc.domain}`}`, dmarc.result, dmarc.because),
  ];
}
