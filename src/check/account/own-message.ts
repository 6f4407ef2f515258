// A message to oneself that nobody mistakes for another: it has a random Message-ID of its own. RFC 5322 §3.6.4.
import { randomBytes } from "node:crypto";
import type { Instant } from "../../base/world.ts";
import { formatDate } from "../../mail/header.ts";

export interface OwnMessage {
  /** With its angle brackets. */
  readonly id: string;
  readonly content: string;
}

export function ownMessage(
  { address, domain }: { readonly address: string; readonly domain: string },
  now: Instant,
): OwnMessage {
  const id = `<${randomBytes(16).toString("hex")}.check@${domain}>`;
  const lines = [
    `From: <${address}>`,
    `To: <${address}>`,
    `Subject: Test of this mail account`,
    `Date: ${formatDate(now)}`,
    `Message-ID: ${id}`,
    "Auto-Submitted: auto-generated", // RFC 3834 §5: nobody's absence is announced to it
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=us-ascii",
    "",
    "waybill check account sent this message from the account to itself, to see",
    "whether sending and receiving work. It may be deleted.",
    "",
  ];
  return { id, content: lines.join("\r\n") };
}
