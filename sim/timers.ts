// Puts simulated timers in place of the process's own while a simulation runs, for code that measures waits by timers.
import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock, Planned } from "./clock.ts";

const reality = new AsyncLocalStorage<true>();

/** For code that waits for a disk or a thread, while the clock is held: its turns of the event loop are real ones. */
export const really = <T>(run: () => T): T => reality.run(true, run);

class Timer {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #run: () => void;
  readonly #repeats: boolean;
  #planned: Planned | undefined;

  constructor(clock: Clock, run: () => void, { ms, repeats }: { readonly ms: number; readonly repeats: boolean }) {
    this.#clock = clock;
    this.#ms = Math.max(1, ms);
    this.#run = run;
    this.#repeats = repeats;
    this.refresh();
  }

  refresh(): this {
    this.close();
    this.#planned = this.#clock.plan(this.#ms, () => {
      if (this.#repeats) this.refresh();
      this.#run();
    });
    return this;
  }

  close(): this {
    if (this.#planned) this.#clock.cancel(this.#planned);
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }
}

/** Waits up to this are a part of writing to a disk. */
const diskMs = 10;

type Callback = (...values: unknown[]) => void;

/** Until disposed of: timers, Date.now and performance.now are the clock's, Math.random is the world's no more. */
export function installTimers(clock: Clock): Disposable {
  const [realTurn, realTimeout, realClear] = [setImmediate, setTimeout, clearTimeout];
  const start =
    (repeats: boolean) =>
    (run: Callback, ms?: number, ...values: unknown[]) => {
      const call = (): void => run(...values);
      const isReal = reality.getStore() !== undefined;
      if (isReal && !repeats && (ms ?? 0) <= diskMs) return realTimeout(call); // somebody waits for it while the clock is held
      return new Timer(clock, isReal ? () => really(call) : call, { ms: ms ?? 0, repeats });
    };
  const stop = (timer: unknown): void => {
    if (timer instanceof Timer) timer.close();
    else realClear(timer as NodeJS.Timeout | undefined);
  };
  const replaced = [
    replace(globalThis, {
      setTimeout: start(false),
      setInterval: start(true),
      setImmediate: (run: Callback, ...values: unknown[]) =>
        reality.getStore() ? realTurn(run, ...values) : clock.plan(0, () => run(...values)),
      clearTimeout: stop,
      clearInterval: stop,
    }),
    replace(Date, { now: () => Math.floor(clock.now) }),
    replace(performance, { now: () => clock.now }),
    replace(Math, {
      random: () => {
        throw new Error("Math.random was called in a simulation: take chance from the World");
      },
    }),
  ];
  return {
    [Symbol.dispose]: () => {
      for (const putBack of replaced) putBack();
    },
  };
}

/** Answers how to undo it. */
function replace(target: object, values: Readonly<Record<string, unknown>>): () => void {
  const names = Object.keys(values);
  const before = names.map((name) => [name, Object.getOwnPropertyDescriptor(target, name)] as const);
  for (const name of names)
    Object.defineProperty(target, name, { value: values[name], configurable: true, writable: true });
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(target, name, descriptor);
      else Reflect.deleteProperty(target, name); // it was the prototype's
    }
  };
}
