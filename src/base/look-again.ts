// Something that is looked at again now and then.
import type { World } from "./world.ts";

interface Looking {
  readonly world: Pick<World, "sleep">;
  readonly everyMs: number;
}

/** Until it is disposed of, which waits for a look under way. `look` must not reject. */
export function lookAgain({ world, everyMs }: Looking, look: () => Promise<void>): AsyncDisposable {
  const stop = new AbortController();
  const looked = (async (): Promise<void> => {
    for (;;) {
      await world.sleep(everyMs, stop.signal);
      if (stop.signal.aborted) return;
      await look();
    }
  })();
  return {
    [Symbol.asyncDispose]() {
      stop.abort();
      return looked;
    },
  };
}
