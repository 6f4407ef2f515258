// What a person and a program read in a notice that arrived in the lab.
import assert from "node:assert/strict";
import type { Delivered } from "../../src/lab/internet.ts";
import type { HeaderField } from "../../src/mail/header.ts";
import { field, readNotice } from "../golden/dsn/read-notice.ts";

export interface LabNotice {
  readonly subject: string;
  /** The text for people, unwrapped: one line per paragraph or list item. */
  readonly letter: string;
  readonly message: readonly HeaderField[];
  /** Fields by recipient's address. */
  readonly recipients: ReadonlyMap<string, readonly HeaderField[]>;
  readonly returned: { readonly type: string; readonly text: string };
}

/** Fails where the mail is no notice as it should be: null reverse-path, marked as automatic, three parts. */
export function openNotice(mail: Delivered): LabNotice {
  assert.equal(mail.from, "", "RFC 3464 §2: a notice has no return address");
  const { header, letter, original, groups } = readNotice(mail.content);
  assert.equal(field(header, "Auto-Submitted"), "auto-replied");
  const [message, ...others] = groups;
  return {
    subject: field(header, "Subject"),
    letter: letter.plain.replaceAll(/(?<=\S)\r\n {0,5}(?=\w)/g, " "),
    message: message!,
    recipients: new Map(others.map((group) => [field(group, "Final-Recipient").replace("rfc822;", ""), group])),
    returned: original,
  };
}

/** Of one recipient: action, status. */
export function actionOf({ recipients }: LabNotice, address: string): readonly [string, string] {
  const group = recipients.get(address);
  assert.ok(group, `${address} is in the notice, which is about ${[...recipients.keys()].join(", ")}`);
  return [field(group, "Action"), field(group, "Status")];
}

const jargon =
  /\b(?:SMTP|MTA|DSN|MX|DNS|RCPT|TLS|envelope|enhanced|NXDOMAIN|null|undefined|\d\.\d\.\d{1,3}|[45]\d\d)\b/;

/** The words of other servers may be anything; ours are plain. */
export function assertPlainWords({ letter }: LabNotice): void {
  const [ours = ""] = letter.split(/(?:The mail server [^ ]+ answered|Your mail server noted).*:/);
  assert.ok(ours.length > 100);
  assert.doesNotMatch(ours, jargon);
}
