// Finds out who senders are, for all sessions of a node: what has to be read is read in a thread of its own, so that nothing
// that a message has in it keeps the sessions waiting.
import { inTime } from "../../base/in-time.ts";
import { realTime } from "../../base/world.ts";
import type { ReversePath } from "../../mail/address.ts";
import type { Client } from "../../mail/client.ts";
import type { Authentication, SenderVerdicts, SpfVerdict } from "../../mail/verdict.ts";
import { BodyCheck } from "./body-check.ts";
import type { ContentVerdicts } from "./content.ts";
import { type Asked, Engine, type EngineSettings } from "./engine.ts";
import { needsBody, type Survey, surveyHeader } from "./limits.ts";
import { Memory } from "./memory.ts";
import { lateWords, unknownContent, unknownSender } from "./unknown.ts";
import type { AboutSender } from "./work.ts";

export interface Authenticator extends AsyncDisposable {
  /** At MAIL: begins, and never rejects. */
  sender(about: { readonly client: Client; readonly mailFrom: ReversePath }): Promise<SenderVerdicts>;
  /** At the end of the header section: the header as it came; then the body as it comes. */
  content(about: ContentOrigin, header: Uint8Array): ContentCheck;
}

export interface ContentOrigin {
  readonly client: Client;
  readonly mailFrom: ReversePath;
  readonly sender: Promise<SenderVerdicts>;
}

export interface ContentCheck {
  /** A promise: the thread is behind, wait. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** Never rejects; late or broken: temperror with the reason. */
  finish(): Promise<Authentication>;
  discard(): void;
}

/** `timeoutMs`: longest wait for the verdicts on a sender, and after the end of a message for those on its content. */
export type AuthenticatorSettings = EngineSettings;

/** Opens its thread at first use. */
export const createAuthenticator = (settings: AuthenticatorSettings): Authenticator =>
  new ThreadedAuthenticator(settings);

/** The thread's own limits come first, and tell more. */
const graceMs = 1_000;

const notFound = (because: string): string => `nothing was found out, because ${because}`;

class ThreadedAuthenticator implements Authenticator {
  readonly #settings: AuthenticatorSettings;
  readonly #engine: Engine;
  readonly #senders: Memory<SenderVerdicts>;
  readonly #unsigned: Memory<ContentVerdicts>;
  readonly #inFlight = { bytes: 0 };

  constructor(settings: AuthenticatorSettings) {
    this.#settings = settings;
    this.#engine = new Engine(settings);
    const isSettled = ({ result }: { result: string }): boolean => result !== "temperror";
    this.#senders = new Memory(settings.world, ({ iprev, spf }) => [iprev, ...spf].every(isSettled));
    this.#unsigned = new Memory(settings.world, ({ dmarc }) => isSettled(dmarc));
  }

  sender({ client, mailFrom }: { client: Client; mailFrom: ReversePath }): Promise<SenderVerdicts> {
    const about = { client: client.address, helo: client.helloName ?? "", mailFrom };
    return this.#senders.get(JSON.stringify(about), () => this.#findSender(about));
  }

  content(origin: ContentOrigin, header: Uint8Array): ContentCheck {
    const survey = surveyHeader(header);
    const findAuthor = (spf: readonly SpfVerdict[]): Promise<ContentVerdicts> =>
      this.#findAuthor(header, survey, { client: origin.client.address, spf });
    if (needsBody(survey))
      return new BodyCheck(
        { engine: this.#engine, settings: this.#settings, inFlight: this.#inFlight, survey, findAuthor },
        origin,
        header,
      );
    const found = origin.sender.then(async (sender) => ({ ...sender, ...(await findAuthor(sender.spf)) }));
    return { write: () => undefined, finish: () => found, discard: () => {} };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine[Symbol.asyncDispose]();
  }

  #findSender(about: AboutSender): Promise<SenderVerdicts> {
    const lost = (because: string): SenderVerdicts => unknownSender(about, because);
    return this.#ask((work, thread) => thread.call("sender", work, about), lost);
  }

  /** Of a message whose signatures are not to be looked at: all depends on its From fields, which many messages share. */
  #findAuthor(header: Uint8Array, { from, problem, hasDkim }: Survey, about: Known): Promise<ContentVerdicts> {
    const [sender] = about.spf;
    const isUsual = from !== undefined && problem === undefined;
    const own = isUsual ? Buffer.from(`${from}\r\n`, "latin1") : header;
    const find = (): Promise<ContentVerdicts> => {
      const now = this.#settings.world.now();
      const asked = { client: about.client, now };
      // a call copies the whole memory that its octets are a part of
      return this.#ask(
        (work, thread) => thread.call("header", work, { ...asked, header: new Uint8Array(own), spf: about.spf }),
        (because) => unknownContent(because, { hasDkim: hasDkim && !isUsual }),
      );
    };
    return isUsual ? this.#unsigned.get(JSON.stringify([from, sender?.result, sender?.domain]), find) : find();
  }

  async #ask<T>(ask: (work: number, thread: Asked) => Promise<T>, lost: (because: string) => T): Promise<T> {
    const { timeoutMs } = this.#settings;
    const work = this.#engine.number();
    const found = this.#engine.run(work, {
      ask: (thread) => ask(work, thread),
      canRepeat: () => true,
      lost: (because) => lost(notFound(because)),
    });
    const late = (): T => lost(lateWords(timeoutMs));
    const answer = await inTime(found, { limitMs: timeoutMs + graceMs, world: realTime, late });
    this.#engine.end(work);
    return answer;
  }
}

interface Known {
  readonly client: string;
  readonly spf: readonly SpfVerdict[];
}
