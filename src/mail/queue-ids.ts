// Queue ids: short, unique, in order of arrival.
import type { Instant, World } from "../base/world.ts";
import type { QueueId } from "./message.ts";

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"; // Crockford's base 32: no letter that reads like a digit

const timeDigits = 9;

/** `digits` characters of base 32; text order is number order. */
function base32(value: number, digits: number): string {
  let text = "";
  for (let rest = value; text.length < digits; rest = Math.floor(rest / 32)) text = alphabet[rest % 32]! + text;
  return text;
}

/** Whether the text can be nothing else. */
export const isQueueId = (text: string): boolean => /^[0-9a-hjkmnp-tv-z]{16}$/.test(text);

/** When the message came, by the clock of the process that gave the id. */
export const instantOf = (queueId: QueueId): Instant =>
  Array.from(queueId.slice(0, timeDigits)).reduce((value, digit) => value * 32 + alphabet.indexOf(digit), 0);

/** A source of ids: 9 characters of time, 2 of order within the millisecond, 5 drawn once for this process. */
export function queueIds(world: World): () => QueueId {
  const ours = base32(Math.floor(world.random() * 32 ** 5), 5);
  let last = 0;
  let order = 0;
  return () => {
    const now = Math.max(world.now(), last); // the clock may step back, ids must not repeat
    order = now === last ? order + 1 : 0;
    last = order < 1_024 ? now : now + 1;
    if (last > now) order = 0;
    return (base32(last, timeDigits) + base32(order, 2) + ours) as QueueId;
  };
}
