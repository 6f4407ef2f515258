// How long mail to an address is stopped, and how that grows: the same in memory and in every driver.
import type { Instant } from "../../base/world.ts";
import type { Strike, Suppression, SuppressionKey } from "./suppression-store.ts";

const dayMs = 86_400_000;

export const strikeLimits = {
  /**
   * The first time a day: a server that was broken, and called all its users unknown, has been mended by then, and lists
   * that write every hour have stopped asking. Whoever is as unknown as before is not tried for longer.
   */
  goneMs: [1 * dayMs, 7 * dayMs, 30 * dayMs, 180 * dayMs],
  /** A wish, and no fault: it does not pass by itself. */
  complaintMs: [180 * dayMs, 365 * dayMs],
  /** The operator's word. */
  operatorMs: [365 * dayMs],
  /** After the end, so long the next one counts as a further one. */
  rememberedMs: 90 * dayMs,
  /** A host may take a message, and bounce it later: mail that was delivered has arrived when this is over. */
  lateMs: 7 * dayMs,
} as const;

export const keyText = ({ address, sender }: SuppressionKey): string => `${address} ${sender}`;

export const isActive = ({ until }: Suppression, now: Instant): boolean => now < until;

/** What is known after a strike. While mail is stopped only the operator's word is new: the rest is of mail on its way. */
export function struck(known: Suppression | undefined, { at, ...strike }: Strike): Suppression {
  if (known !== undefined && isActive(known, at) && strike.cause !== "stopped-by-operator") return known;
  const isFurther = known !== undefined && at <= known.until + strikeLimits.rememberedMs;
  const times = isFurther ? known.times + 1 : 1;
  const spans = spansOf(strike);
  return { ...strike, since: at, until: at + spans[Math.min(times, spans.length) - 1]!, times };
}

function spansOf({ cause }: Pick<Strike, "cause">): readonly number[] {
  if (cause === "complaint") return strikeLimits.complaintMs;
  return cause === "stopped-by-operator" ? strikeLimits.operatorMs : strikeLimits.goneMs;
}
