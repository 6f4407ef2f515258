// What is kept of a password: the secret of SCRAM-SHA-256 (RFC 5802 §3, RFC 7677), written as RFC 5803 §2 does. Passwords
// that come in clear text are checked against the same secret.
import { createHash, createHmac, pbkdf2, randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { scramDefaults, type ScramSecret } from "../../smtp/sasl/credentials.ts";
import { saslPrep } from "../../smtp/sasl/saslprep.ts";

const keyBytes = 32;
/** A file that asks for more would stop the logins of all. */
const mostIterations = 10_000_000;

const derive = promisify(pbkdf2);

/** Undefined: the password is empty, or has characters that no password may have. */
export async function makeSecret(password: string): Promise<ScramSecret | undefined> {
  const prepared = saslPrep(password);
  const { iterations, saltBytes } = scramDefaults;
  return prepared ? keysOf(prepared, randomBytes(saltBytes), iterations) : undefined;
}

/** Takes as long for a wrong password as for the right one; the thread pool does the work. `password` is prepared. */
export async function isPassword(password: string, secret: ScramSecret): Promise<boolean> {
  const { storedKey } = await keysOf(password, secret.salt, secret.iterations);
  return timingSafeEqual(storedKey, secret.storedKey);
}

async function keysOf(prepared: string, salt: Uint8Array, iterations: number): Promise<ScramSecret> {
  const salted = await derive(prepared, salt, iterations, keyBytes, "sha256");
  const keyFor = (words: string): Buffer => createHmac("sha256", salted).update(words).digest();
  const storedKey = createHash("sha256").update(keyFor("Client Key")).digest();
  return { iterations, salt, storedKey, serverKey: keyFor("Server Key") };
}

/** `SCRAM-SHA-256$100000:SALT$STOREDKEY:SERVERKEY` */
export function formatSecret({ iterations, salt, storedKey, serverKey }: ScramSecret): string {
  const [a, b, c] = [salt, storedKey, serverKey].map((bytes) => Buffer.from(bytes).toString("base64"));
  return `SCRAM-SHA-256$${iterations}:${a}$${b}:${c}`;
}

const written = /^SCRAM-SHA-256\$([1-9]\d{0,8}):([A-Za-z\d+/]+=*)\$([A-Za-z\d+/]+=*):([A-Za-z\d+/]+=*)$/;

/** Undefined: it is no such secret. */
export function parseSecret(text: string): ScramSecret | undefined {
  const [, count, ...parts] = written.exec(text) ?? [];
  const [salt, storedKey, serverKey] = parts.map((part) => Buffer.from(part, "base64"));
  const iterations = Number(count);
  if (salt === undefined || storedKey === undefined || serverKey === undefined) return undefined;
  const areKeys = storedKey.length === keyBytes && serverKey.length === keyBytes;
  return areKeys && iterations <= mostIterations ? { iterations, salt, storedKey, serverKey } : undefined;
}

/** 20 letters and digits that are not mistaken for one another: 99 bits. */
export function newPassword(): string {
  const letters = "abcdefghijkmnpqrstuvwxyz23456789";
  const group = (): string => Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join("");
  return [group(), group(), group(), group()].join("-");
}
