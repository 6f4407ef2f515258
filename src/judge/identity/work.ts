// What the thread of the identity engine is asked. Each piece of work has a number, by which it is known which one blocks.
import type { Instant } from "../../base/world.ts";
import type { ReversePath } from "../../mail/address.ts";
import type { SenderVerdicts, SpfVerdict } from "../../mail/verdict.ts";
import type { ContentVerdicts } from "./content.ts";

export interface AboutSender {
  readonly client: string;
  readonly helo: string;
  readonly mailFrom: ReversePath;
}

interface AboutContent {
  readonly client: string;
  readonly now: Instant;
}

interface AboutHeader extends AboutContent {
  readonly header: Uint8Array;
  readonly spf: readonly SpfVerdict[];
}

export interface IdentityWork extends Record<string, (...args: never[]) => unknown> {
  sender(work: number, about: AboutSender): Promise<SenderVerdicts>;
  /** The header alone says all that is to be known. */
  header(work: number, about: AboutHeader): Promise<ContentVerdicts>;
  /** Answers when all of it has come, and `end`. */
  content(work: number, about: AboutContent, header: Uint8Array): Promise<ContentVerdicts>;
  /** Answers when these octets were read. */
  body(work: number, bytes: Uint8Array): Promise<void>;
  end(work: number, spf: readonly SpfVerdict[]): void;
  /** The content is not wanted any more. */
  drop(work: number): void;
  /** Answers if nothing blocks. */
  ping(): void;
}

export interface IdentityThreadData {
  readonly hostname: string;
  readonly dns: { readonly servers: readonly string[]; readonly timeoutMs: number };
  /** Of SPF and of the reverse name, each. */
  readonly timeoutMs: number;
  /** Two numbers: the work that runs, and the count of turns. */
  readonly running: Int32Array;
}
