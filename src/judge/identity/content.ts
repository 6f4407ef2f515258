// What the content of a message proves: DKIM, ARC, and DMARC over all. One pass over the body, and only where it is signed.
import type { Instant } from "../../base/world.ts";
import type { Resolver } from "../../dns/resolver.ts";
import { parseDomain, type ReversePath } from "../../mail/address.ts";
import { sectionEnd } from "../../mail/header.ts";
import type { ArcVerdict, Authentication, DkimVerdict, SpfVerdict } from "../../mail/verdict.ts";
import { arcVerdict, noArc } from "./arc.ts";
import { dkimVerdicts, unread } from "./dkim.ts";
import { dmarcVerdict } from "./dmarc.ts";
import {
  headerLimits,
  LineTooLong,
  needsBody,
  signatureLimits,
  type Survey,
  surveyHeader,
  withShortLines,
} from "./limits.ts";
import { type Questions, questions } from "./questions.ts";
import { unnamed } from "./unknown.ts";
import { type Keys, Verifier } from "./verifier.ts";

export interface ContentKnown {
  /** That of MAIL FROM, or for the null reverse-path that of HELO, first. */
  readonly spf: readonly SpfVerdict[];
  readonly client: string;
  readonly helo: string;
  readonly mailFrom: ReversePath;
  readonly now: Instant;
}

export type ContentVerdicts = Pick<Authentication, "dkim" | "arc" | "dmarc">;

/** A whole message, as it is sent: with CRLF, or as a file with LF. */
export async function evaluateContent(
  message: AsyncIterable<Uint8Array>,
  known: ContentKnown,
  resolver: Resolver,
): Promise<ContentVerdicts> {
  const chunks = message[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  let end: number | undefined;
  while (end === undefined && held.length <= headerLimits.bytes) {
    const next = await chunks.next();
    if (next.done === true) end = held.length;
    else {
      held = Buffer.concat([held, next.value]);
      end = sectionEnd(held);
    }
  }
  const header = held.subarray(0, end);
  const body = async function* (): AsyncGenerator<Uint8Array> {
    yield held.subarray(header.length);
    yield* { [Symbol.asyncIterator]: () => chunks };
  };
  return evaluateParts({ ...known, header, body: body(), spf: Promise.resolve(known.spf) }, resolver);
}

interface Parts {
  /** With the empty line that ends it, if there is one. */
  readonly header: Uint8Array;
  readonly body: AsyncIterable<Uint8Array>;
  /** May come as late as the end of the body. */
  readonly spf: Promise<readonly SpfVerdict[]>;
  readonly client: string;
  readonly now: Instant;
  readonly keys?: Keys;
}

/** The same of a message that comes in parts. */
export async function evaluateParts(parts: Parts, resolver: Resolver): Promise<ContentVerdicts> {
  const survey = surveyHeader(parts.header);
  const asked = questions(resolver, parts.client);
  const verifier = new Verifier(asked.ask, parts.now, parts.keys);
  verifier.onAuthor = (domain) => {
    if (parseDomain(domain) !== undefined) void resolver.txt(`_dmarc.${domain}`); // to be remembered until the end
  };
  const read = needsBody(survey) ? await readAll(verifier, parts, asked) : await readFrom(verifier, survey);
  const spf = await parts.spf;
  const dmarc = await dmarcVerdict(
    {
      authors: verifier.headerFrom,
      fromFields: survey.fromFields,
      from: survey.from ?? "",
      spf,
      dkim: read.dkim,
      ...(survey.from === undefined && { problem: survey.problem ?? "the From field is too long" }),
    },
    asked.ask,
  );
  return { ...read, dmarc };
}

interface Read {
  readonly dkim: readonly DkimVerdict[];
  readonly arc: ArcVerdict;
}

const longLine = `the body has a line of more than ${signatureLimits.bodyLineBytes} octets, so signatures are not looked at; RFC 5322 §2.1.1 allows 998`;

async function readAll(verifier: Verifier, { header, body }: Parts, asked: Questions): Promise<Read> {
  const message = async function* (): AsyncGenerator<Uint8Array> {
    yield header;
    yield* withShortLines(body);
  };
  try {
    await feed(verifier, message());
  } catch (error) {
    if (!(error instanceof LineTooLong)) throw error;
    return { dkim: unread(verifier, longLine), arc: verifier.arc.chain === false ? noArc : brokenBy(longLine) };
  }
  return { dkim: dkimVerdicts(verifier), arc: await arcVerdict(verifier, asked) };
}

/** Stands for `pipeline`, which costs some 100 µs for each message. */
async function feed(verifier: Verifier, message: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  verifier.on("error", () => {}); // the call that met it is told
  for await (const bytes of message)
    await new Promise<void>((resolve, reject) =>
      verifier.write(bytes, (error) => (error == null ? resolve() : reject(error))),
    );
  await new Promise<void>((resolve, reject) =>
    verifier.end((error?: Error | null) => (error == null ? resolve() : reject(error))),
  );
}

const brokenBy = (because: string): ArcVerdict => ({ result: "fail", because });

/** Nothing is signed, or what is signed costs too much: only who the author is remains to be known. */
async function readFrom(verifier: Verifier, survey: Survey): Promise<Read> {
  const { from, hasDkim, hasArc, problem } = survey;
  if (from !== undefined) await feed(verifier, [Buffer.from(`${from}\r\n`, "latin1")]);
  const because = `not looked at: ${problem}`;
  return {
    dkim: hasDkim ? [{ ...unnamed, result: "permerror", because }] : [],
    arc: hasArc ? brokenBy(because) : noArc,
  };
}
