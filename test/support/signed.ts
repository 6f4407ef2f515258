// Messages with DKIM signatures, right or wrong, for tests: simple/simple, over what the test says. It shares no code with
// the server. RFC 6376 §3.4, §3.5.
import { createHash, createSign, generateKeyPairSync, type KeyObject } from "node:crypto";

export interface TestKey {
  readonly domain: string;
  readonly selector: string;
  readonly privateKey: KeyObject;
  /** A line for a zone. */
  readonly record: string;
}

export function makeKey(domain: string, selector = "s1", bits = 2_048): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const text = publicKey.export({ type: "spki", format: "der" }).toString("base64");
  return { domain, selector, privateKey, record: `${selector}._domainkey.${domain} TXT "v=DKIM1; k=rsa; p=${text}"` };
}

/** Tags that are not as usual: `d`, `s`, `a`, `h`, `l`, and any other. */
export type Tags = Readonly<Record<string, string | number>>;

/** The message with a signature on top. `message` has a header section of whole lines, an empty line, and a body. */
export function signed(message: string, key: TestKey, tags: Tags = {}): string {
  const split = message.indexOf("\r\n\r\n");
  const [header, body] = [message.slice(0, split + 2), message.slice(split + 4)];
  const octets = Buffer.from(body.replace(/(\r\n)*$/, "\r\n"), "latin1");
  const signedBody = tags["l"] === undefined ? octets : octets.subarray(0, Number(tags["l"]));
  const hash = tags["a"] === "rsa-sha1" ? "sha1" : "sha256";
  const all: Tags = {
    v: 1,
    a: "rsa-sha256",
    c: "simple/simple",
    d: key.domain,
    s: key.selector,
    h: "From:To:Subject",
    bh: createHash(hash).update(signedBody).digest("base64"),
    ...tags,
  };
  const list = Object.entries(all).map(([tag, value]) => `${tag}=${value}`);
  const field = `DKIM-Signature: ${list.join("; ")}; b=`;
  const fields = header.match(/^[^ \t\r\n][^]*?\r\n(?![ \t])/gm) ?? [];
  const signing = createSign(hash);
  const names = String(all["h"]).split(":");
  const unsigned = [...fields];
  for (const name of names) {
    const at = unsigned.findLastIndex((one) => one.toLowerCase().startsWith(`${name.trim().toLowerCase()}:`));
    if (at !== -1) signing.update(Buffer.from(unsigned.splice(at, 1)[0]!, "latin1"));
  }
  signing.update(Buffer.from(field, "latin1"));
  return `${field}${signing.sign(key.privateKey, "base64")}\r\n${message}`;
}
