// How many refusals the history takes: strangers cause them, as many as they like, and each costs room.
import type { Event } from "../journal/event.ts";

export const refusalLimits = {
  perMinute: 600, // some 360 bytes each, 0.3 GB a day at worst; the log has them all
} as const;

const minuteMs = 60_000;

export class RefusalQuota {
  /** The minute of the event that was looked at last. */
  #minute = -1;
  #count = 0;

  /** Everything but the refusals of a minute that are too many. */
  readonly admits = (event: Event): boolean => {
    if (event.kind !== "refused") return true;
    const minute = Math.floor(event.at / minuteMs);
    if (minute !== this.#minute) this.#count = 0;
    this.#minute = minute;
    return ++this.#count <= refusalLimits.perMinute;
  };
}
