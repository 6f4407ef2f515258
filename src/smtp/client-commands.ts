// MAIL and RCPT as a client writes them, and what stands in the way of writing them. RFC 5321 §4.1.1, RFC 1870,
// RFC 3030, RFC 3461, RFC 6152, RFC 6531, RFC 6533.
import { isInternational } from "../mail/address.ts";
import type { OriginalRecipient, Recipient } from "../mail/envelope.ts";
import type { Failure, RemoteHost } from "../mail/failure.ts";
import { asciiAddress } from "../mail/foreign-text.ts";
import type { Message } from "../mail/message.ts";
import type { Extensions } from "./client-extensions.ts";

/** RFC 3461 §4: printable ASCII; the rest, "+" and "=" as +HH of each octet. */
export const encodeXtext = (text: string): string =>
  Array.from(Buffer.from(text), (byte) =>
    byte > 0x20 && byte < 0x7f && byte !== 0x2b && byte !== 0x3d
      ? String.fromCharCode(byte)
      : `+${byte.toString(16).toUpperCase().padStart(2, "0")}`,
  ).join("");

/** RFC 6533 §3: in ASCII, whatever the session is. */
const encodeOrcpt = ({ type, address }: OriginalRecipient): string =>
  type.toLowerCase() === "utf-8" || isInternational(address)
    ? `utf-8;${asciiAddress(address)}`
    : `${type};${encodeXtext(address)}`;

/** MAIL with all parameters that this server knows, CRLF included. */
export function mailCommand(message: Message, recipients: readonly Recipient[], offered: Extensions): string {
  let command = `MAIL FROM:<${message.reversePath}>`;
  if (offered.size) command += ` SIZE=${message.sizeBytes}`;
  const bodyType = bodyTypeFor(message, offered);
  if (bodyType) command += ` BODY=${bodyType}`;
  if (offered.smtpUtf8 && isOfSmtpUtf8(message, recipients)) command += " SMTPUTF8";
  if (offered.dsn && message.ret !== undefined) command += ` RET=${message.ret.toUpperCase()}`;
  if (offered.dsn && message.envid !== undefined) command += ` ENVID=${encodeXtext(message.envid)}`;
  return `${command}\r\n`;
}

function bodyTypeFor({ bodyType, eightBit }: Message, offered: Extensions): string | undefined {
  if (bodyType === "binarymime") return "BINARYMIME"; // `obstacle` saw that it is offered
  return offered.eightBitMime && (eightBit || bodyType === "8bitmime") ? "8BITMIME" : undefined;
}

/** RCPT with the sender's wishes, CRLF included. */
export function rcptCommand({ address, notify, orcpt }: Recipient, offered: Extensions): string {
  let command = `RCPT TO:<${address}>`;
  if (offered.dsn && notify) command += ` NOTIFY=${notify.length === 0 ? "NEVER" : notify.join(",").toUpperCase()}`;
  if (offered.dsn && orcpt) command += ` ORCPT=${encodeOrcpt(orcpt)}`;
  return `${command}\r\n`;
}

/** A message that was declared SMTPUTF8 and is plain ASCII can go anywhere. */
const needsSmtpUtf8 = ({ smtpUtf8, eightBit, reversePath }: Message): boolean =>
  (smtpUtf8 && eightBit) || isInternational(reversePath);

const isOfSmtpUtf8 = (message: Message, recipients: readonly Recipient[]): boolean =>
  needsSmtpUtf8(message) || recipients.some(({ address }) => isInternational(address));

interface Peer {
  readonly host: RemoteHost;
  readonly offered: Extensions;
}

/** Why this message cannot go to this recipient through this server, however it answers. */
export function obstacle(message: Message, { address }: Recipient, { host, offered }: Peer): Failure | undefined {
  const lacks = (extension: (Failure & { kind: "unsupported" })["extension"], text: string): Failure => ({
    kind: "unsupported",
    host,
    extension,
    text,
  });
  // RFC 6531 §3.3, §3.6
  if (!offered.smtpUtf8 && (needsSmtpUtf8(message) || isInternational(address))) {
    return lacks("SMTPUTF8", "the message or its addresses need SMTPUTF8, which the server does not offer");
  }
  // RFC 3030 §3: lines need not end in CRLF, so nothing but BDAT may carry it
  if (message.bodyType === "binarymime") {
    if (offered.chunking && offered.binaryMime) return undefined;
    return lacks("BINARYMIME", "the message is binary, and the server does not offer CHUNKING and BINARYMIME");
  }
  if (message.eightBit && !offered.eightBitMime) {
    return lacks("8BITMIME", "the message has 8-bit text, and the server does not offer 8BITMIME"); // RFC 6152 §3
  }
  // RFC 1870 §6.1
  if (message.sizeBytes > (offered.maxMessageBytes ?? Infinity)) {
    return lacks("SIZE", `the message has ${message.sizeBytes} bytes; the server takes ${offered.maxMessageBytes}`);
  }
  return undefined;
}
