// The client's side of a SASL login: PLAIN (RFC 4616), LOGIN, and SCRAM (RFC 5802, RFC 7677) where nothing else is offered.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { saslPrep } from "../../smtp/sasl/saslprep.ts";
import type { Credentials } from "./mail-talk.ts";

export interface SaslClient {
  readonly mechanism: string;
  /** In base64; undefined: the server speaks first. */
  readonly first?: string;
  /** The answer to a challenge, both in base64; undefined: the challenge makes no sense, and the exchange is given up. */
  next(challenge: string): string | undefined;
}

/** The best first: in TLS, PLAIN is what everybody has; SCRAM asks for what not every server keeps. */
const known = ["PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-1"] as const;

/** Challenges of one login: those that we know need fewer, and no server may keep us at it. */
export const mostChallenges = 8;

/** Undefined: none of those that are offered. */
export function saslClient(offered: readonly string[], credentials: Credentials): SaslClient | undefined {
  const mechanism = known.find((name) => offered.includes(name));
  switch (mechanism) {
    case undefined:
      return undefined;
    case "PLAIN":
      return { mechanism, first: plainOf(credentials), next: () => undefined };
    case "LOGIN":
      return login(credentials);
    case "SCRAM-SHA-256":
      return scram(mechanism, "sha256", credentials);
    case "SCRAM-SHA-1":
      return scram(mechanism, "sha1", credentials);
  }
}

const base64 = (text: string | Uint8Array): string => Buffer.from(text as string).toString("base64");

const plainOf = ({ username, password }: Credentials): string => base64(`\0${username}\0${password}`);

/** All forms in which a login says its password: none of them may be shown. */
export const secretsOf = (credentials: Credentials): string[] => [
  credentials.password,
  base64(credentials.password),
  plainOf(credentials),
  credentials.password.replaceAll(/["\\]/g, String.raw`\$&`), // IMAP LOGIN
];

function login({ username, password }: Credentials): SaslClient {
  const answers = [username, password];
  return {
    mechanism: "LOGIN",
    next() {
      const answer = answers.shift();
      return answer === undefined ? undefined : base64(answer);
    },
  };
}

/** More of them is no protection, but a way to keep us busy. */
const mostIterations = 1_000_000;

function scram(mechanism: string, digest: "sha1" | "sha256", { username, password }: Credentials): SaslClient {
  const user = (saslPrep(username) ?? username).replaceAll("=", "=3D").replaceAll(",", "=2C");
  const nonce = randomBytes(18).toString("base64");
  const bare = `n=${user},r=${nonce}`;
  const hmac = (key: Uint8Array, text: string): Buffer => createHmac(digest, key).update(text).digest();
  const hash = (bytes: Uint8Array): Buffer => createHash(digest).update(bytes).digest();
  let serverFinal: string | undefined;
  return {
    mechanism,
    first: base64(`n,,${bare}`),
    next(challenge) {
      const text = Buffer.from(challenge, "base64").toString();
      // RFC 5802 §3: the server proves that it knows the password, too
      if (serverFinal !== undefined) return text === serverFinal ? "" : undefined;
      const [, theirs = "", salt = "", count = ""] = /^r=([^,]+),s=([^,]+),i=(\d+)(?:,|$)/.exec(text) ?? [];
      const iterations = Number(count);
      if (!theirs.startsWith(nonce) || iterations < 1 || iterations > mostIterations) return undefined;
      const prepared = saslPrep(password) ?? password;
      const length = digest === "sha1" ? 20 : 32;
      const salted = pbkdf2Sync(prepared, Buffer.from(salt, "base64"), iterations, length, digest);
      const withoutProof = `c=${base64("n,,")},r=${theirs}`;
      const transcript = `${bare},${text},${withoutProof}`;
      const clientKey = hmac(salted, "Client Key");
      const signature = hmac(hash(clientKey), transcript);
      serverFinal = `v=${base64(hmac(hmac(salted, "Server Key"), transcript))}`;
      return base64(`${withoutProof},p=${base64(clientKey.map((octet, i) => octet ^ signature[i]!))}`);
    },
  };
}
