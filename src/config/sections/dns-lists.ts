// Settings of the DNS lists: [[dns_list]] and [dns_score].
import { z } from "zod";
import { textKind } from "../kind.ts";
import { zoneName } from "../names.ts";
import { duration } from "../units.ts";

const weight = z.int().min(-1_000).max(1_000);
const threshold = z.int().min(0).max(10_000);

const octets = /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:-(\d{1,3}))?$/;

/** "127.0.0.10", or "127.0.0.2-11" for all from 127.0.0.2 to 127.0.0.11; as it is written. */
const listAnswer = textKind(
  {
    name: "an answer of a list",
    write: 'Write "127.0.0.2", or "127.0.0.2-11" for several.',
    examples: ["127.0.0.2"],
    json: { type: "string", pattern: octets.source },
  },
  (written) => (isAnswer(written) ? written : undefined),
);

function isAnswer(written: string): boolean {
  const numbers = octets
    .exec(written)
    ?.slice(1)
    .flatMap((octet) => (octet === undefined ? [] : [Number(octet)]));
  if (numbers === undefined) return false;
  const [, , first = 0, last = first] = numbers;
  return first <= last && numbers.every((number) => number <= 255);
}

export const dnsList = z
  .strictObject({
    name: zoneName.describe(
      "The zone that is asked, as its operator names it; with your own key in it, if the list gives out keys.",
    ),
    of: z
      .enum(["address", "domain"])
      .default("address")
      .describe(
        "What it lists: `address` is the client's IP address, `domain` the domains that the sender claims or has proven (HELO, MAIL FROM, From, DKIM).",
      ),
    weight: weight
      .default(5)
      .describe("What a listing adds to the sum of all lists: above 0 for bad senders, below 0 for good ones."),
    answers: z
      .record(listAnswer, weight)
      .default({})
      .meta({
        description:
          'Weights for single answers of a list that says more than yes: `{ "127.0.0.2-9" = 10, "127.0.0.10-11" = 3 }`. Of several that fit, the narrowest counts; what is not named has `weight`.',
        examples: [{ "127.0.0.2-9": 10, "127.0.0.10-11": 3 }],
      }),
    timeout: duration("50ms", "20s")
      .default(3_000)
      .describe("Longest wait for an answer; without one in time, the list does not count."),
  })
  .describe(
    "A DNS list of bad or good senders (RFC 5782). None is asked by default: read a list's terms of use first (docs/dns-lists.md). Repeat the section for each further list.",
  );

export const dnsScore = z
  .strictObject({
    refuse_at: threshold
      .default(10)
      .describe(
        "A sum of weights from which on mail is refused with 550 5.7.1, naming the lists; except for postmaster. 0 turns it off.",
      ),
    mark_at: threshold
      .default(5)
      .describe("A sum of weights from which on mail is marked as suspicious. 0 turns it off."),
  })
  .describe("What the weights of the DNS lists (`[[dns_list]]`) lead to. A sum below 0 spares a client greylisting.");
