// The check of a signed message, as the session sees it: octets go to the thread in pieces of some size, no more at once
// than it can read soon.
import { inTime } from "../../base/in-time.ts";
import { realTime } from "../../base/world.ts";
import type { Authentication, SenderVerdicts } from "../../mail/verdict.ts";
import type { AuthenticatorSettings, ContentCheck, ContentOrigin } from "./authenticator.ts";
import type { ContentVerdicts } from "./content.ts";
import type { Engine } from "./engine.ts";
import type { Survey } from "./limits.ts";
import { lateWords, unknownContent, unknownSignatures } from "./unknown.ts";

const flightLimits = {
  /** A call to the thread has so many octets: the library reads the worst of them in some 15 ms, and others come next. */
  pieceBytes: 16 * 1024,
  /** Of one message, that were sent and not yet read. */
  messageBytes: 512 * 1024,
  /** Of all messages of a node. */
  bytes: 16 * 1024 * 1024,
} as const;

interface CheckParts {
  readonly engine: Engine;
  readonly settings: AuthenticatorSettings;
  readonly survey: Survey;
  /** Of all checks together. */
  readonly inFlight: { bytes: number };
  /** Without the signatures. Never rejects. */
  readonly findAuthor: (spf: Authentication["spf"]) => Promise<ContentVerdicts>;
}

/** Nothing was found out, and why. */
class Lost {
  readonly because: string;

  constructor(because: string) {
    this.because = because;
  }
}

export class BodyCheck implements ContentCheck {
  readonly #parts: CheckParts;
  readonly #origin: ContentOrigin;
  readonly #work: number;
  readonly #found: Promise<ContentVerdicts | Lost>;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #inFlightBytes = 0;
  /** A part of the body was sent: it is not here any more, to be sent again. */
  #isSent = false;
  #spf: Authentication["spf"] | undefined;

  constructor(parts: CheckParts, origin: ContentOrigin, header: Uint8Array) {
    this.#parts = parts;
    this.#origin = origin;
    const { engine, settings } = parts;
    const work = engine.number();
    this.#work = work;
    const about = { client: origin.client.address, now: settings.world.now() };
    const own = copy([header], header.length); // a call copies the whole memory that its octets are a part of
    this.#found = engine.run<ContentVerdicts | Lost>(work, {
      ask: (thread) => {
        const answer = thread.call("content", work, about, own);
        if (this.#spf !== undefined) void thread.call("end", work, this.#spf).catch(() => {});
        return answer;
      },
      canRepeat: () => !this.#isSent,
      lost: (because) => new Lost(`nothing was found out, because ${because}`),
    });
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    this.#held.push(copy([bytes], bytes.length)); // whoever wrote them may use their memory again
    this.#heldBytes += bytes.length;
    return this.#heldBytes < flightLimits.pieceBytes ? undefined : this.#send();
  }

  async finish(): Promise<Authentication> {
    const { engine } = this.#parts;
    if (this.#heldBytes > 0) void this.#send();
    const sender = await this.#origin.sender;
    this.#spf = sender.spf;
    void engine
      .more(this.#work)
      ?.call("end", this.#work, sender.spf)
      .catch(() => {});
    try {
      return { ...sender, ...(await this.#verdicts(sender)) };
    } finally {
      this.discard();
    }
  }

  /** When half of the time is over, the author is asked for alone: a forger must gain nothing by signatures that cost much. */
  async #verdicts({ spf }: SenderVerdicts): Promise<ContentVerdicts> {
    const { settings, survey, findAuthor } = this.#parts;
    const half = { limitMs: settings.timeoutMs / 2, world: realTime };
    const late = new Lost(lateWords(settings.timeoutMs));
    const first = await inTime(this.#found, { ...half, late: () => late });
    if (!(first instanceof Lost)) return first;
    const author = findAuthor(spf);
    const found = await inTime(this.#found, { ...half, late: () => late });
    if (!(found instanceof Lost)) return found;
    const unknown = unknownContent(found.because, survey);
    return unknownSignatures(await inTime(author, { ...half, late: () => unknown }), unknown);
  }

  discard(): void {
    this.#held = [];
    const { engine } = this.#parts;
    void engine
      .more(this.#work)
      ?.call("drop", this.#work)
      .catch(() => {});
    engine.end(this.#work);
  }

  /** A promise: too much is on its way. */
  #send(): Promise<void> | undefined {
    const { engine, inFlight } = this.#parts;
    const piece = copy(this.#held, this.#heldBytes);
    this.#held = [];
    this.#heldBytes = 0;
    const thread = engine.more(this.#work);
    if (thread === undefined) return undefined; // all is known already
    this.#isSent = true;
    this.#inFlightBytes += piece.length;
    inFlight.bytes += piece.length;
    const wasRead = (): void => {
      this.#inFlightBytes -= piece.length;
      inFlight.bytes -= piece.length;
    };
    const sent = thread.call("body", this.#work, piece).then(wasRead, wasRead);
    const isMuch = this.#inFlightBytes > flightLimits.messageBytes || inFlight.bytes > flightLimits.bytes;
    return isMuch ? sent : undefined;
  }
}

function copy(pieces: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const own = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    own.set(piece, at);
    at += piece.length;
  }
  return own;
}
