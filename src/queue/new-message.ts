// A message as it will be kept: its facts, its deliveries, and the event that says where it came from.
import type { Instant } from "../base/world.ts";
import type { Event, Judged } from "../journal/event.ts";
import type { Address } from "../mail/address.ts";
import type { Client } from "../mail/client.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import { fieldValue, type HeaderField } from "../mail/header.ts";
import type { Message, QueueId } from "../mail/message.ts";
import type { Body, NewMessage } from "./store.ts";

export interface Received {
  readonly queueId: QueueId;
  readonly client: Client;
  readonly envelope: Envelope;
  /** Whom the envelope's recipients stand for. */
  readonly recipients: readonly Recipient[];
  readonly body: Body;
  readonly header: readonly HeaderField[];
  /** Of the From field, where it is not the reverse-path. */
  readonly author?: Address;
  readonly receivedAt: Instant;
  readonly expiresAt: Instant;
  /** Of strangers. */
  readonly judged?: Judged;
}

export function newMessage(received: Received): NewMessage {
  const { queueId, client, envelope, recipients, body, receivedAt, expiresAt, author, judged } = received;
  const { reversePath, bodyType, smtpUtf8, ret, envid } = envelope;
  const messageId = fieldValue(received.header, "Message-ID");
  const facts = { queueId, sizeBytes: body.sizeBytes, ...(messageId !== undefined && { messageId }) };
  const wishes = { ...(ret !== undefined && { ret }), ...(envid !== undefined && { envid }) };
  const message: Message = {
    ...facts,
    receivedAt,
    reversePath,
    bodyType,
    smtpUtf8,
    ...wishes,
    eightBit: body.eightBit,
  };
  const to = recipients.map(({ address }) => address);
  const reached = new Set(to.map((address) => address.toLowerCase()));
  const asked = envelope.recipients.flatMap(({ address }) => (reached.has(address.toLowerCase()) ? [] : [address]));
  const event: Event = {
    kind: "received",
    at: receivedAt,
    from: reversePath,
    to,
    ...(asked.length > 0 && { asked }),
    ...(author !== undefined && { author }),
    client,
    ...facts,
    ...(judged && { judged }),
  };
  return { message, body, recipients, expiresAt, events: [event] };
}
