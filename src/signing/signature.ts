// One message being signed: its body is hashed as it comes, and the DKIM-Signature fields are made at the end.
// RFC 6376 §3.5, §3.7; RFC 8463 §3 (Ed25519).
import { createHash, type KeyObject, sign } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import { promisify } from "node:util";
import type { Instant } from "../base/world.ts";
import { RelaxedBodyHash } from "./body-hash.ts";
import { type RawField, relaxed } from "./header-fields.ts";
import { signedFields } from "./signed-fields.ts";

export type Algorithm = "rsa" | "ed25519";

export interface SigningKey {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: Algorithm;
  readonly privateKey: KeyObject;
}

export interface Signing {
  /** The body as it comes, behind the empty line, split anywhere. A promise means: wait before the next. */
  write(body: Uint8Array): Promise<void> | undefined;
  /** The DKIM-Signature fields, folded, each with its CRLF, to stand on top of the header. Never rejects. */
  finish(): Promise<string> | string;
}

interface SigningTask {
  /** Each makes a signature. */
  readonly keys: readonly SigningKey[];
  readonly header: readonly RawField[];
  readonly now: () => Instant;
  /** A key could not sign: the message goes without its signature. */
  readonly onFault: (error: unknown) => void;
}

/** A body that comes in larger pieces is hashed with pauses (a millisecond's work each), for others share the thread. */
const pauseBytes = 262_144;

export function beginSigning({ keys, header, now, onFault }: SigningTask): Signing {
  const body = new RelaxedBodyHash();

  const inPieces = async (bytes: Uint8Array): Promise<void> => {
    for (let from = 0; from < bytes.length; from += pauseBytes) {
      if (from > 0) await turn();
      body.update(bytes.subarray(from, from + pauseBytes));
    }
  };

  return {
    write(bytes) {
      if (bytes.length > pauseBytes) return inPieces(bytes);
      body.update(bytes);
      return undefined;
    },
    async finish() {
      const bodyHash = body.digest();
      const { names, fields } = signedFields(header);
      const signed = fields.map((field) => `${relaxed(field)}\r\n`).join("");
      const facts = { names, bodyHash, seconds: Math.floor(now() / 1_000) };
      const signatures = keys.map(async (key) => {
        try {
          return await signatureField(key, facts, signed);
        } catch (error) {
          onFault(error);
          return "";
        }
      });
      return (await Promise.all(signatures)).join("");
    },
  };
}

interface SignatureFacts {
  readonly names: readonly string[];
  readonly bodyHash: string;
  readonly seconds: number;
}

async function signatureField(key: SigningKey, facts: SignatureFacts, signed: string): Promise<string> {
  const value = tagsOf(key, facts);
  // RFC 6376 §3.7: the field itself comes last, with an empty b=, and without a line end
  const input = Buffer.from(signed + relaxed({ name: "dkim-signature", value }), "latin1");
  const signature = await signWith(key, input);
  return `DKIM-Signature:${value}${folded(signature.toString("base64"))}\r\n`;
}

const tagsOf = ({ domain, selector, algorithm }: SigningKey, { names, bodyHash, seconds }: SignatureFacts): string =>
  [
    ` v=1; a=${algorithm}-sha256; c=relaxed/relaxed; d=${domain};`,
    `s=${selector}; t=${seconds};`,
    ...namesInLines(names),
    `bh=${bodyHash};`,
    "b=",
  ].join("\r\n\t");

/** RFC 5322 §2.1.1: lines of at most 78 characters. */
const lineLength = 76;

/** `h=from:to:…;`, folded behind colons. */
function namesInLines(names: readonly string[]): string[] {
  const lines = ["h="];
  names.forEach((name, i) => {
    const text = `${name}${i < names.length - 1 ? ":" : ";"}`;
    if (lines.at(-1)!.length + text.length > lineLength) lines.push("");
    lines[lines.length - 1] += text;
  });
  return lines;
}

const folded = (base64: string): string => base64.replaceAll(/(.{72})(?=.)/g, "$1\r\n\t");

/** Off the thread: an RSA signature takes a millisecond. */
const signAsync = promisify<string | null, Uint8Array, KeyObject, Buffer>(sign);

const signWith = ({ algorithm, privateKey }: SigningKey, input: Uint8Array): Promise<Buffer> => {
  switch (algorithm) {
    case "rsa":
      return signAsync("sha256", input, privateKey);
    case "ed25519": // RFC 8463 §3: what is signed is the SHA-256 hash
      return signAsync(null, createHash("sha256").update(input).digest(), privateKey);
  }
};
