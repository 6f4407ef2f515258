// What stands in front of a body, and is known only when all of it was written.
import { bodyTopBytes } from "../queue/store.ts";

export function checkTop(top: Uint8Array): void {
  if (top.length > bodyTopBytes)
    throw new RangeError(
      `${top.length} bytes were to be put on top of a message: at most ${bodyTopBytes} may be; write fewer header fields, or shorter ones`,
    );
}

/** The first bytes of a body, with what was put on top of it. */
export const headWith = (top: Uint8Array, head: Uint8Array, headBytes: number): Uint8Array =>
  top.length === 0 ? head : Buffer.concat([top, head], Math.min(top.length + head.length, headBytes));
