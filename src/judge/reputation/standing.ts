// How well somebody is thought of: a score from what was seen of it, and why, in words. It takes many messages to get
// far from 0, and time leads back there.
import type { Instant } from "../../base/world.ts";
import type { Identity } from "../../mail/verdict.ts";
import { faded } from "../sender-record.ts";
import type { SenderId, SenderRecord } from "../sender-store.ts";
import type { Behaviour } from "./learn.ts";

export interface Standing {
  /** -100 to 100; 0: nothing is known, or as much good as bad. */
  readonly score: number;
  readonly class: "good" | "unknown" | "poor" | "bad";
  /** What was seen, and when: "12 recipients that do not exist (last on 2026-03-01), …". */
  readonly because: string;
  readonly pinned: boolean;
}

export interface StandingSettings {
  /** Below it, a sender is bad. */
  readonly refuseBelow: number;
  /** Below it, a sender is poor. */
  readonly markBelow: number;
  readonly halfLifeMs: number;
}

/** Five good messages, and nothing else. */
const goodFrom = 50;

/** With so many deeds, the score is half of what it would be with endlessly many: one decides nothing. */
const halfConfident = 5;

/** What each deed counts for, beside one accepted message; below 0: bad; 0: neither. And in words, of one and of several. The good first. */
const meanings: Readonly<Record<Behaviour, { readonly worth: number; readonly words: readonly [string, string] }>> = {
  accepted: { worth: 1, words: ["message accepted", "messages accepted"] },
  "logged-in": { worth: 0, words: ["message from one of our accounts there", "messages from our accounts there"] },
  "written-to": { worth: 3, words: ["message from our users to it", "messages from our users to it"] },
  marked: { worth: -2, words: ["suspicious message", "suspicious messages"] },
  refused: { worth: -5, words: ["message refused for its content", "messages refused for their content"] },
  "unknown-recipient": { worth: -2, words: ["recipient that does not exist", "recipients that do not exist"] },
  forged: { worth: -4, words: ["message with a forged sender", "messages with a forged sender"] },
  "failed-login": { worth: -2, words: ["failed login", "failed logins"] },
  abuse: { worth: -2, words: ["breach of the protocol or try to relay", "breaches of the protocol or tries to relay"] },
  complaint: { worth: -30, words: ["complaint of a recipient", "complaints of recipients"] }, // one in a hundred messages is many
};

const behaviours = Object.keys(meanings) as Behaviour[];

export const identityId = ({ kind, name }: Identity): SenderId => ({ kind: "identity", key: `${kind} ${name}` });

export function identityOfId({ key }: SenderId): Identity {
  const space = key.indexOf(" ");
  return { kind: key.slice(0, space) as Identity["kind"], name: key.slice(space + 1) };
}

/** One of our accounts was used from there lately: a failed login is a slip of its people. */
export const isUsed = (record: SenderRecord | undefined, now: Instant): boolean =>
  now - (record?.tallies["logged-in"]?.lastAt ?? -Infinity) < usedMs;

const usedMs = 7 * 24 * 3_600_000;

/**
 * What follows from a record, or from there being none. Where good mail comes from, others forward, too: forgeries take
 * away no more than it gives.
 */
export function standing(
  record: SenderRecord | undefined,
  { now, ...settings }: StandingSettings & { readonly now: Instant },
): Standing {
  const pin = record?.pin;
  if (pin !== undefined) {
    const words = pin.because === "" ? "" : `: ${pin.because}`;
    const told = `pinned as ${pin.as} by the operator on ${dayOf(pin.at)}${words}`;
    return { score: pin.as === "good" ? 100 : -100, class: pin.as, because: told, pinned: true };
  }
  let [good, bad, count] = [0, 0, 0];
  for (const behaviour of behaviours) {
    const tally = record?.tallies[behaviour];
    const { worth } = meanings[behaviour];
    if (tally === undefined || worth === 0 || (behaviour === "failed-login" && isUsed(record, now))) continue;
    const seen = faded(tally, { now, halfLifeMs: settings.halfLifeMs });
    const weight = behaviour === "forged" && good > 0 ? Math.min(seen, good / -worth) : seen;
    count += weight;
    if (worth > 0) good += weight * worth;
    else bad -= weight * worth;
  }
  const balance = good + bad === 0 ? 0 : (good - bad) / (good + bad);
  return graded(Math.round(100 * balance * (count / (count + halfConfident))), () => seenWords(record), settings);
}

/** What a network's bad name takes from a proven sender at most: others send from there, too. */
const mostOfNetwork = 0.2;

/** A proven sender in the light of the network that it comes from, which never hurts a good one. */
export function inNetwork(own: Standing, network: Standing, settings: StandingSettings): Standing {
  if (own.pinned || own.class === "good" || network.score >= 0) return own;
  const because = (): string => `${own.because}; its network: ${network.because}`;
  return graded(Math.max(-100, Math.round(own.score + mostOfNetwork * network.score)), because, settings);
}

/** The words are made when they are asked for: most mail passes without. */
function graded(score: number, because: () => string, { refuseBelow, markBelow }: StandingSettings): Standing {
  const grade = score >= goodFrom ? "good" : score < refuseBelow ? "bad" : score < markBelow ? "poor" : "unknown";
  return {
    score,
    class: grade,
    pinned: false,
    get because() {
      return because();
    },
  };
}

/** "2026-03-01", in UTC */
const dayOf = (at: Instant): string => new Date(at).toISOString().slice(0, 10);

/** The most telling first. */
function seenWords(record: SenderRecord | undefined): string {
  const seen = behaviours.flatMap((behaviour) => {
    const tally = record?.tallies[behaviour];
    return tally === undefined ? [] : { ...tally, ...meanings[behaviour] };
  });
  if (record === undefined || seen.length === 0) return "nothing was seen of it";
  seen.sort((a, b) => b.weight * Math.abs(b.worth) - a.weight * Math.abs(a.worth));
  const told = seen.map(
    ({ total, words: [one, many], lastAt }) =>
      `${total.toLocaleString("en")} ${total === 1 ? one : many} (${total === 1 ? "" : "last "}on ${dayOf(lastAt)})`,
  );
  return `since ${dayOf(record.firstAt)}: ${told.join(", ")}`;
}

/** "the domain example.org", "the network 192.0.2.0/24" */
export const identityText = ({ kind, name }: Identity): string =>
  kind === "account" ? `the account ${name}` : `the ${kind === "network" ? "network" : "domain"} ${name}`;
