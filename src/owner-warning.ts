// A letter to one of our senders: something is odd about what an account sends, or a recipient complained.
import { formatDate } from "./mail/header.ts";
import { type Address, isInternational } from "./mail/address.ts";
import type { QueueId } from "./mail/message.ts";
import { type NoticeParts, type OwnMessage, ownMessage } from "./notices.ts";
import type { NewMessage } from "./queue/store.ts";
import { signOurs } from "./signing/sign-ours.ts";

interface Warning {
  /** Where the sender reads mail. */
  readonly to: Address;
  /** In ASCII. */
  readonly subject: string;
  /** Whole sentences, in ASCII but for addresses. */
  readonly words: string;
  /** It is kept under this id; without it, a new one. */
  readonly queueId?: QueueId;
  readonly inPlaceOf?: OwnMessage["inPlaceOf"];
}

/** To be kept as any other message. */
export async function ownerWarning(
  parts: Pick<NoticeParts, "world" | "newQueueId" | "hostname" | "giveUpAfterMs" | "expand" | "signer">,
  { to, subject, words, queueId = parts.newQueueId(), inPlaceOf }: Warning,
): Promise<NewMessage> {
  const { world, hostname, expand, signer } = parts;
  const at = world.now();
  const messageId = `<${queueId}@${hostname}>`;
  const lines = [
    `Date: ${formatDate(at)}`,
    `From: Mail Delivery System <MAILER-DAEMON@${hostname}>`,
    `To: <${to}>`,
    `Subject: ${subject}`,
    `Message-ID: ${messageId}`,
    "Auto-Submitted: auto-generated", // RFC 3834 §5
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: 8bit",
    "",
    ...words.split(/(?<=[.]) /).map((sentence) => wrapped(sentence)),
    "",
  ];
  const text = Buffer.from(lines.join("\r\n"));
  const smtpUtf8 = isInternational(to);
  const bodyType = text.some((octet) => octet > 127) ? "8bitmime" : "7bit";
  const body = await signOurs(signer, text);
  const recipients = expand([{ address: to }]);
  const letter = { queueId, at, body, messageId, smtpUtf8, bodyType, recipients } as const;
  return ownMessage(parts, { ...letter, ...(inPlaceOf && { inPlaceOf }) });
}

const wrapped = (sentence: string): string => sentence.replaceAll(/(.{55,}?) /g, "$1\r\n");
