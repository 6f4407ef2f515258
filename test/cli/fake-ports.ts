// Ports of the control API without a server: a few deliveries, their history, and what was submitted.
import type { ControlPorts } from "../../src/api/control.ts";
import type { DestinationStatus } from "../../src/deliver/pacing/status.ts";
import type { Event } from "../../src/journal/event.ts";
import { type Address, domainOf } from "../../src/mail/address.ts";
import type { Client } from "../../src/mail/client.ts";
import type { Envelope } from "../../src/mail/envelope.ts";
import type { QueueId } from "../../src/mail/message.ts";
import { type Reply, reply } from "../../src/mail/reply.ts";
import {
  type DeliveryState,
  NotKept,
  type QueueAction,
  type QueueFilter,
  type QueueStore,
  type QueuedDelivery,
} from "../../src/queue/store.ts";

/** 2026-03-01T12:00Z */
export const noon = Date.UTC(2026, 2, 1, 12);
export const minute = 60_000;

export const ann = "ann@here.example" as Address;
export const bob = "bob@there.example" as Address;
export const queueId = "Q1" as QueueId;

export const host = { name: "mx.there.example", address: "192.0.2.7", port: 25 };
export const greylisted = {
  kind: "refused",
  host,
  stage: "rcpt",
  reply: reply(451, "4.7.1", "greylisted, come again"),
} as const;

/** One deferred delivery from ann to bob; `change` says what differs. */
export function delivery(change: Partial<QueuedDelivery> = {}): QueuedDelivery {
  return {
    deliveryId: 1,
    message: {
      queueId,
      receivedAt: noon - 10 * minute,
      reversePath: ann,
      bodyType: "8bitmime",
      smtpUtf8: false,
      sizeBytes: 1_300,
      eightBit: false,
      messageId: "<m1@here.example>",
    },
    recipient: { address: bob },
    attempts: 1,
    expiresAt: noon + 5 * 1_440 * minute,
    lastFailure: greylisted,
    delayNoticeSent: false,
    bounceOrdered: false,
    state: "deferred",
    dueAt: noon + 4 * minute,
    ...change,
  };
}

export interface Submitted {
  readonly envelope: Envelope;
  readonly client: Client;
  readonly content: string;
}

export interface FakePorts extends ControlPorts {
  readonly submitted: Submitted[];
  readonly changes: { readonly filter: QueueFilter; readonly action: QueueAction }[];
  readonly deliveries: QueuedDelivery[];
  readonly events: Event[];
  readonly sites: DestinationStatus[];
  /** What was done to destinations: "suspend mx.there.example: moving". */
  readonly steps: string[];
  wakes: number;
  answer: Reply;
}

export function fakePorts(): FakePorts {
  const ports: FakePorts = {
    submitted: [],
    changes: [],
    deliveries: [],
    events: [],
    sites: [],
    steps: [],
    wakes: 0,
    answer: reply(250, "2.0.0", "kept, and on its way as Q9"),
    world: { now: () => noon, random: () => 0, sleep: async () => {} },
    status: () => ({
      hostname: "here.example",
      version: "0.1.0",
      pid: 7,
      startedAt: noon,
      now: noon,
      listening: ["127.0.0.1:2525"],
      sessions: 0,
    }),
    queue: {
      list: async (filter, limit, after = 0) =>
        matching(ports.deliveries, filter)
          .filter(({ deliveryId }) => deliveryId > after)
          .slice(0, limit),
      count: async (filter) => {
        const counts: Record<DeliveryState, number> = { due: 0, deferred: 0, claimed: 0, held: 0 };
        for (const { state } of matching(ports.deliveries, filter)) counts[state]++;
        return counts;
      },
      change: async (filter, action) => {
        ports.changes.push({ filter, action });
        return matching(ports.deliveries, filter).length;
      },
      read: async (id) => {
        if (!ports.deliveries.some(({ message }) => message.queueId === id)) throw new NotKept(id);
        return chunks("Subject: hi\r\nTo: b", "ob@there.example\r\n\r\nthe body");
      },
    } satisfies Partial<QueueStore> as unknown as QueueStore,
    history: {
      record: async () => {},
      prune: async () => 0,
      story: async (queueId) => ports.events.filter((event) => isAbout(event, { queueId })),
      find: async (query) => ports.events.filter((event) => isAbout(event, query as Record<string, string>)),
    },
    submit: async (envelope, client, content) => {
      let text = "";
      for await (const bytes of content) text += Buffer.from(bytes).toString();
      ports.submitted.push({ envelope, client, content: text });
      return ports.answer;
    },
    acted: () => void ports.wakes++,
    destinations: {
      status: () => ports.sites,
      find: async (name) =>
        ports.sites.find(
          ({ site, domains }) => site === name || site.split(" ").includes(name) || domains.includes(name),
        )?.site,
      domainsOf: (name) => ports.sites.find(({ site }) => site === name)?.domains ?? [],
      suspend: async (site, words) => void ports.steps.push(`suspend ${site}: ${words}`),
      resume: async (site) => void ports.steps.push(`resume ${site}`),
      drain: (site) => void ports.steps.push(`drain ${site}`),
    },
    steered: () => void ports.wakes++,
  };
  return ports;
}

const matching = (deliveries: readonly QueuedDelivery[], filter: QueueFilter): QueuedDelivery[] =>
  deliveries.filter(
    ({ message, recipient, state }) =>
      (filter.queueId ?? message.queueId) === message.queueId &&
      (filter.from ?? message.reversePath) === message.reversePath &&
      (filter.to ?? recipient.address) === recipient.address &&
      (filter.domain ?? domainOf(recipient.address)) === domainOf(recipient.address) &&
      (filter.state ?? state) === state,
  );

const isAbout = (event: Event, { queueId, messageId, address }: Record<string, string>): boolean =>
  event.kind === "received"
    ? event.queueId === queueId || event.messageId === messageId || event.from === address
    : event.kind !== "refused" && event.queueId === (queueId ?? "Q1");

export async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}
