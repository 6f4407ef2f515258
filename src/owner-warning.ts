// A letter to the owner of an account: something is odd about what it sends.
import { formatDate } from "./mail/header.ts";
import { type Address, isInternational } from "./mail/address.ts";
import type { NoticeParts } from "./notices.ts";
import type { NewMessage } from "./queue/store.ts";
import { signOurs } from "./signing/sign-ours.ts";

export interface Warning {
  /** Where the owner reads mail. */
  readonly to: Address;
  /** Whole sentences, in ASCII but for addresses. */
  readonly words: string;
}

/** To be kept as any other message. Its sender is the null reverse-path: nobody is told if it does not arrive. */
export async function ownerWarning(
  parts: Pick<NoticeParts, "world" | "newQueueId" | "hostname" | "giveUpAfterMs" | "expand" | "signer">,
  { to, words }: Warning,
): Promise<NewMessage> {
  const { world, newQueueId, hostname, giveUpAfterMs, expand, signer } = parts;
  const at = world.now();
  const queueId = newQueueId();
  const messageId = `<${queueId}@${hostname}>`;
  const lines = [
    `Date: ${formatDate(at)}`,
    `From: Mail Delivery System <MAILER-DAEMON@${hostname}>`,
    `To: <${to}>`,
    "Subject: Your account has sent unusually much mail",
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
  const recipients = expand([{ address: to }]);
  const eightBit = text.some((octet) => octet > 127);
  const body = await signOurs(signer, text);
  const sizeBytes = body.length;
  const client = { address: "127.0.0.1", port: 0, protocol: "LOCAL", helloName: hostname } as const;
  return {
    message: {
      queueId,
      receivedAt: at,
      reversePath: "",
      bodyType: eightBit ? "8bitmime" : "7bit",
      smtpUtf8: isInternational(to),
      sizeBytes,
      eightBit,
      messageId,
    },
    body,
    recipients,
    expiresAt: at + giveUpAfterMs,
    events: [
      {
        kind: "received",
        at,
        queueId,
        from: "",
        to: recipients.map(({ address }) => address),
        client,
        sizeBytes,
        messageId,
      },
    ],
  };
}

const wrapped = (sentence: string): string => sentence.replaceAll(/(.{55,}?) /g, "$1\r\n");
