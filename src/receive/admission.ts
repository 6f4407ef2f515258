// How many sessions there may be at once: in all, and from one address. One count for all listeners.
import { reply, type Reply } from "../mail/reply.ts";

export interface Admission {
  /** Counts a session of `address`, or says why there may be no more; then nothing was counted. */
  enter(address: string): Reply | undefined;
  leave(address: string): void;
}

export function admission(limits: { readonly total: number; readonly perAddress: number }): Admission {
  const sessions = new Map<string, number>();
  let total = 0;
  return {
    enter(address) {
      const ofAddress = sessions.get(address) ?? 0;
      if (ofAddress >= limits.perAddress)
        return reply(
          421,
          "4.7.0",
          `too many connections from ${address}, close some of the ${ofAddress} and try again`,
        );
      if (total >= limits.total) return reply(421, "4.3.2", "too many connections to this server, try again later");
      sessions.set(address, ofAddress + 1);
      total += 1;
      return undefined;
    },
    leave(address) {
      const rest = (sessions.get(address) ?? 0) - 1;
      if (rest > 0) sessions.set(address, rest);
      else sessions.delete(address);
      total -= 1;
    },
  };
}
