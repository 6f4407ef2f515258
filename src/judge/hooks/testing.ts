// For tests of hooks: a check is asked as the server asks it, about a client or a message that the test describes.
// `import { ask } from "waybill/testing"`
import { type Address, parseAddress } from "../../mail/address.ts";
import type { Client } from "../../mail/client.ts";
import type { Recipient } from "../../mail/envelope.ts";
import { countReceived, readHeader } from "../../mail/header.ts";
import type { Authentication, Identity } from "../../mail/verdict.ts";
import type { Check, ContentFacts, Facts, Finding, Phase } from "../check.ts";
import { cleanFinding } from "./finding.ts";
import { mistakesIn } from "./shape.ts";

/** What a test says of a client and its message; the rest is that of a stranger about whom nothing is known. */
export interface Situation {
  readonly client?: Partial<Client>;
  readonly trusted?: boolean;
  /** MAIL FROM; "" is the null reverse-path. */
  readonly from?: string;
  /** RCPT TO. */
  readonly to?: string;
  readonly recipientIs?: NonNullable<Facts["recipientIs"]>;
  /** The header section as it is written: "Subject: Hello\nFrom: ann@example.com". */
  readonly header?: string;
  readonly sizeBytes?: number;
  /** Of the message; without it, the one of `to`. */
  readonly recipients?: readonly string[];
  readonly authentication?: Partial<Authentication>;
  readonly identity?: Identity;
}

/**
 * The finding of a check as the server would have it. Rejects where the server would write to its log: the check throws,
 * is not one, or returns what is no finding.
 */
export async function ask(check: Check, situation: Situation = {}): Promise<Finding> {
  const [mistake] = mistakesIn([check]);
  if (mistake !== undefined) throw new TypeError(mistake);
  const { finding, fault } = cleanFinding(`hook:${check.name}`, await check.judge(factsFor(check.phase, situation)));
  if (fault !== undefined) throw new TypeError(`${check.name}: ${fault}`);
  return finding;
}

/** What the server knows in a phase. */
export function factsFor(phase: Phase, situation: Situation = {}): Facts {
  const { trusted = false, from = "ann@sender.example", to = "bob@here.example", recipientIs = "ours" } = situation;
  const client: Client = {
    address: "203.0.113.7",
    port: 40_000,
    protocol: "ESMTP",
    ...(phase !== "connect" && { helloName: "mail.sender.example" }),
    ...situation.client,
  };
  const reversePath = from === "" ? from : addressIn(from);
  const authentication: Authentication = { ...unknown, ...situation.authentication };
  const { iprev, spf } = authentication;
  switch (phase) {
    case "connect":
      return { client, trusted };
    case "mail":
      return { client, trusted, reversePath, ...(!trusted && { sender: Promise.resolve({ iprev, spf }) }) };
    case "rcpt":
      return { ...factsFor("mail", situation), recipient: recipientOf(to), recipientIs };
    case "content":
      return {
        client,
        trusted,
        reversePath,
        content: contentOf({ ...situation, to }, trusted ? undefined : authentication),
      };
  }
}

function contentOf(
  { header = "", sizeBytes, recipients, identity, to }: Situation & { readonly to: string },
  authentication: Authentication | undefined,
): ContentFacts {
  const fields = readHeader(Buffer.from(header.replaceAll(/\r?\n/g, "\r\n")));
  return {
    sizeBytes: sizeBytes ?? Buffer.byteLength(header) + 1_000,
    hops: countReceived(fields),
    header: fields,
    recipients: (recipients ?? [to]).map(recipientOf),
    identity: identity ?? { kind: "network", name: "203.0.113.0/24" },
    ...(authentication && { authentication }),
  };
}

const recipientOf = (text: string): Recipient => ({ address: addressIn(text) });

function addressIn(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined)
    throw new TypeError(`${JSON.stringify(text)} is not a mail address: write "ann@example.com"`);
  return address;
}

const because = "the test says nothing of it";

const unknown: Authentication = {
  iprev: { result: "permerror", because },
  spf: [{ scope: "mailfrom", domain: "sender.example", result: "none", because }],
  dkim: [],
  arc: { result: "none", because },
  dmarc: { result: "none", because, author: "one" },
};
