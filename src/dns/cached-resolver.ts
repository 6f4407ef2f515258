// A memory in front of a resolver: recent answers are kept for a short time, a question under way is asked once.
import type { Instant, World } from "../base/world.ts";
import type { Answer, Resolver } from "./resolver.ts";

export const cacheLimits = {
  /** Node tells no TTL of MX and TXT, so all found answers live this long: short enough for a move of servers. */
  foundMs: 5 * 60_000,
  /** RFC 2308 §5 allows hours; a domain just set up should not wait for them. */
  absentMs: 60_000,
  /** RFC 2308 §7 allows 5 minutes; long enough to spare an ailing server a queue's worth of questions. */
  failedMs: 15_000,
  /** Of each record type, the least recently used going first. Bytes, not entries: a hostile answer can have 64 KB. */
  bytes: 4_000_000,
  /** What an entry costs besides its text. */
  entryBytes: 300,
} as const;

interface Entry<T> {
  readonly answer: Answer<T>;
  readonly until: Instant;
  readonly bytes: number;
}

/** Same promises as `resolver`; names are compared without regard to case. */
export function cachedResolver(resolver: Resolver, world: World): Resolver {
  const remember = <T>(ask: (name: string) => Promise<Answer<T>>): ((name: string) => Promise<Answer<T>>) => {
    const cache = createCache<T>(world);
    const underWay = new Map<string, Promise<Answer<T>>>();
    const askAndKeep = async (name: string): Promise<Answer<T>> => {
      try {
        const answer = await ask(name);
        cache.put(name, answer);
        return answer;
      } finally {
        underWay.delete(name);
      }
    };
    return async (anyCase) => {
      const name = anyCase.toLowerCase();
      const known = cache.get(name);
      if (known !== undefined) return known;
      const asked = underWay.get(name) ?? askAndKeep(name);
      underWay.set(name, asked);
      return asked;
    };
  };

  return {
    mx: remember((name) => resolver.mx(name)),
    a: remember((name) => resolver.a(name)),
    aaaa: remember((name) => resolver.aaaa(name)),
    txt: remember((name) => resolver.txt(name)),
    ptr: remember((address) => resolver.ptr(address)),
  };
}

function createCache<T>(world: World) {
  const entries = new Map<string, Entry<T>>(); // least recently used first
  let bytes = 0;

  const drop = (name: string): void => {
    bytes -= entries.get(name)?.bytes ?? 0;
    entries.delete(name);
  };

  return {
    get(name: string): Answer<T> | undefined {
      const entry = entries.get(name);
      if (entry === undefined || world.now() >= entry.until) return undefined;
      entries.delete(name);
      entries.set(name, entry);
      return entry.answer;
    },
    put(name: string, answer: Answer<T>): void {
      drop(name);
      const entry = {
        answer,
        until: world.now() + keptMs(answer),
        bytes: cacheLimits.entryBytes + name.length + JSON.stringify(answer).length,
      };
      entries.set(name, entry);
      bytes += entry.bytes;
      for (const oldest of entries.keys()) {
        if (bytes <= cacheLimits.bytes) break;
        drop(oldest);
      }
    },
  };
}

function keptMs(answer: Answer<unknown>): number {
  switch (answer.kind) {
    case "found":
      return cacheLimits.foundMs;
    case "no-such-domain":
    case "no-data":
      return cacheLimits.absentMs;
    case "server-failure":
    case "timeout":
      return cacheLimits.failedMs;
  }
}
