// What the content of a message adds to the judgement of it, and the header fields that tell the recipient of it.
import type { IncomingContent } from "./incoming-content.ts";
import type { Facts } from "./judge/check.ts";
import { identityOf } from "./judge/identity/identity.ts";
import { authenticationResults, receivedSpf } from "./judge/identity/results-field.ts";
import type { Decision, Judge, Said } from "./judge/judge.ts";
import type { Judged } from "./journal/event.ts";
import type { Client } from "./mail/client.ts";
import type { Envelope } from "./mail/envelope.ts";
import { asciiLine } from "./mail/printable.ts";
import { countReceived } from "./mail/header.ts";
import { reply } from "./mail/reply.ts";

export interface Judgeable {
  readonly client: Client;
  readonly trusted: boolean;
  readonly envelope: Envelope;
  readonly content: IncomingContent;
  /** What the checks said of the sender and the recipients. */
  readonly findings: readonly Said[];
}

/** Who it is from, and what all checks say of it. Never rejects. */
export async function judgeContent(
  judge: Judge,
  { client, trusted, envelope, content, findings: before }: Judgeable,
): Promise<Pick<Decision, "no"> & { readonly judged: Judged }> {
  const authentication = trusted ? undefined : await content.authentication();
  const identity = identityOf(client, authentication);
  const { header, sizeBytes } = content;
  const facts: Facts = {
    client,
    trusted,
    reversePath: envelope.reversePath,
    content: {
      sizeBytes,
      hops: countReceived(header),
      header,
      recipients: envelope.recipients,
      identity,
      ...(authentication && { authentication }),
    },
  };
  const decided = content.isOversized ? tooMuchHeader : judge.judge("content", facts);
  const { no, findings } = decided instanceof Promise ? await decided : decided;
  const judged: Judged = {
    identity,
    ...(authentication && { authentication }),
    findings: [...before, ...findings].map(told),
  };
  return { judged, ...(no && { no }) };
}

const text = "the header section of this message is too long; shorten it, or send what is in it as text or as a file";
const tooMuchHeader: Decision = {
  no: { ...reply(552, "5.3.4", text), check: "header-size" },
  findings: [{ kind: "refuse", check: "header-size", reply: reply(552, "5.3.4", text) }],
};

/** For the journal. */
export const told = (said: Said): Judged["findings"][number] => ({
  check: said.check,
  kind: said.kind,
  text: said.kind === "mark" ? said.because : said.reply.lines.join(" "),
});

/** RFC 8601 §4.1, RFC 7208 §9.1: above what we received. `X-Spam-Flag` is what mail programs sort by. */
export function fieldsOnTop(hostname: string, { client, envelope }: Judgeable, judged: Judged): string {
  const { authentication, findings } = judged;
  if (authentication === undefined) return "";
  const about = { client, mailFrom: envelope.reversePath };
  const marks = findings.filter(({ kind }) => kind === "mark").map(({ check, text }) => markField(check, text));
  return [
    authenticationResults(hostname, about, authentication),
    receivedSpf(hostname, about, authentication.spf),
    ...(marks.length > 0 ? ["X-Spam-Flag: YES\r\n", ...marks] : []),
  ].join("");
}

/** Lines end before they are long. RFC 5322 §2.1.1 */
const markField = (check: string, because: string): string =>
  `X-Waybill-Suspicious: ${check};\r\n\t${asciiLine(because, 500).replaceAll(/(.{60,}?) /g, "$1\r\n\t")}\r\n`;
