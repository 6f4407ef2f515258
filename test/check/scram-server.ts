// The server's side of SCRAM-SHA-256 for one password, in base64; it shares no code with the client. RFC 5802 §3, §5.
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";

const hmac = (key: Uint8Array, text: string): Buffer => createHmac("sha256", key).update(text).digest();

const encoded = (text: string): string => Buffer.from(text).toString("base64");

export class ScramServer {
  /** The client has proved that it knows the password. */
  isRight = false;
  readonly #salted: Buffer;
  #turn = 0;
  #soFar = "";

  constructor(password: string) {
    this.#salted = pbkdf2Sync(password, "salt", 4_096, 32, "sha256");
  }

  /** Undefined: there is nothing more to say. */
  answer(line: string): string | undefined {
    const text = Buffer.from(line, "base64").toString();
    this.#turn += 1;
    if (this.#turn === 1) {
      const bare = text.slice("n,,".length);
      const first = `r=${/r=(.+)$/.exec(bare)?.[1]}server,s=${encoded("salt")},i=4096`;
      this.#soFar = `${bare},${first}`;
      return encoded(first);
    }
    if (this.#turn > 2) return undefined;
    const [, withoutProof = "", proof = ""] = /^(c=biws,r=[^,]+),p=(.+)$/.exec(text) ?? [];
    const transcript = `${this.#soFar},${withoutProof}`;
    const stored = createHash("sha256").update(hmac(this.#salted, "Client Key")).digest();
    const key = Buffer.from(proof, "base64").map((octet, i) => octet ^ hmac(stored, transcript)[i]!);
    this.isRight = createHash("sha256").update(key).digest().equals(stored);
    return this.isRight
      ? encoded(`v=${hmac(hmac(this.#salted, "Server Key"), transcript).toString("base64")}`)
      : undefined;
  }
}
