// What the session wants done, in order, with the replies of a pipelined batch put together. RFC 2920 §3.2.
import { type Reply, formatReply } from "../mail/reply.ts";
import type { Effect } from "./effect.ts";

export class Outbox {
  #effects: Effect[] = [];
  #replies = "";

  add(effect: Effect): void {
    this.#effects.push(effect);
  }

  /** Goes out with the next `flush`. */
  say(reply: Reply): void {
    this.#replies += formatReply(reply);
  }

  flush(): void {
    if (this.#replies === "") return;
    this.add({ kind: "send", text: this.#replies });
    this.#replies = "";
  }

  /** Replies that nobody is there to read. */
  forgetReplies(): void {
    this.#replies = "";
  }

  /** Hands over all effects so far; replies that are not flushed stay. */
  take(): Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
