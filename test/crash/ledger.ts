// What was sent, what the server promised with a 250, and what arrived. Everything about letter 7 follows from "7".
import { EventEmitter, once } from "node:events";
import type { Mail } from "../../src/lab/host.ts";
import type { Letter } from "../support/smtp-client.ts";

/** Large enough for a body file; it is a few blocks long. */
const largeBytes = 150 * 1024;

const line = (serial: number): string => `This line belongs to letter ${serial}.`.padEnd(78, "-");

function contentOf(serial: number): string {
  const bytes = serial % 8 === 0 ? largeBytes : 1024;
  return `Subject: ${serial}\r\n\r\n${`${line(serial)}\r\n`.repeat(bytes / 80)}`;
}

/** At b.example, `later` is put off once, and `gone` does not exist. */
export const letterOf = (serial: number): Letter => ({
  from: `from-${serial}@sender.example`,
  to: [
    `plain-${serial}@a.example`,
    ...(serial % 3 === 0 ? [`second-${serial}@a.example`] : []),
    ...(serial % 2 === 0 ? [`later-${serial}@b.example`] : []),
    ...(serial % 5 === 0 ? [`gone-${serial}@b.example`] : []),
  ],
  content: contentOf(serial),
});

/** The answer at RCPT of the host of b.example. */
export function answerOfB({ path, times }: { path: string; times: number }) {
  if (path.startsWith("gone-")) return "550 5.1.1 no such user" as const;
  return path.startsWith("later-") && times === 1 ? ("451 4.7.1 come back later" as const) : undefined;
}

export class Ledger {
  /** Addresses whose mail is the server's duty. */
  readonly promised = new Set<string>();
  /** How often each got its mail, or its sender the notice. */
  readonly arrived = new Map<string, number>();
  /** Mail that came, but not as it was sent. */
  readonly damaged: string[] = [];
  readonly #news = new EventEmitter();

  promise({ to }: Letter): void {
    for (const address of to) this.promised.add(address);
    this.#news.emit("promise");
  }

  arrive({ from, to, content }: Mail): void {
    const text = content.toString();
    const serial = /^Subject: (?:Not delivered: )?(\d+)\r$/m.exec(text)?.[1];
    const isWhole = from === "" || text.endsWith(`\r\n${contentOf(Number(serial))}`);
    if (serial === undefined || !isWhole) this.damaged.push(text.slice(0, 500));
    // for gone-7, from-7 gets a notice
    for (const path of to) this.#count(from === "" ? `gone-${serial}@b.example` : path);
    this.#news.emit("arrival");
  }

  #count(address: string): void {
    this.arrived.set(address, (this.arrived.get(address) ?? 0) + 1);
  }

  /** Resolves with the next promise. */
  async nextPromise(patienceMs: number): Promise<void> {
    await once(this.#news, "promise", { signal: AbortSignal.timeout(patienceMs) });
  }

  /** Promised, but not arrived. */
  missing(): string[] {
    return [...this.promised.difference(this.arrived)];
  }

  /** How many got their mail more than once. */
  get duplicates(): number {
    return [...this.arrived.values()].filter((times) => times > 1).length;
  }

  /** Resolves when nothing is missing, or nothing came for so long. */
  async complete(patienceMs: number): Promise<void> {
    while (this.missing().length > 0) {
      const arrived = once(this.#news, "arrival", { signal: AbortSignal.timeout(patienceMs) });
      if (
        !(await arrived.then(
          () => true,
          () => false,
        ))
      )
        return;
    }
  }
}
