// The journal: states once what happened; whoever needs it (log, history, metrics) listens.
import type { Event } from "./event.ts";

export type Listener = (event: Event) => void;

export class Journal {
  readonly #listeners: readonly Listener[];

  constructor(listeners: readonly Listener[]) {
    this.#listeners = listeners;
  }

  /** To be called once an event is true: after the commit that holds it. */
  note(events: readonly Event[]): void {
    for (const event of events) for (const listener of this.#listeners) listener(event);
  }
}
