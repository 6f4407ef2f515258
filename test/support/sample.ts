// Sample values for tests: a message, a delivery, a host.
import type { Address } from "../../src/mail/address.ts";
import type { Message, QueueId } from "../../src/mail/message.ts";
import type { Delivery } from "../../src/queue/store.ts";

export const address = (text: string): Address => text as Address;

export const sampleMessage = (changes: Partial<Message> = {}): Message => ({
  queueId: "00000000000001" as QueueId,
  receivedAt: Date.UTC(2026, 0, 1),
  reversePath: address("sender@example.org"),
  bodyType: "7bit",
  smtpUtf8: false,
  sizeBytes: 100,
  eightBit: false,
  ...changes,
});

export const sampleDelivery = (changes: Partial<Delivery> = {}): Delivery => ({
  deliveryId: 1,
  message: sampleMessage(),
  recipient: { address: address("ann@example.com") },
  attempts: 0,
  expiresAt: Date.UTC(2026, 0, 6),
  delayNoticeSent: false,
  bounceOrdered: false,
  ...changes,
});

export const sampleHost = { name: "mx.example.com", address: "192.0.2.1", port: 25 } as const;
