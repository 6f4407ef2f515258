// What people type, read and compared.
import assert from "node:assert/strict";
import { test } from "node:test";
import { differencesOf, placeWords, readTyped, serverText } from "./typed.ts";

test("host, port and security are read; what is left out is the usual of the rest", () => {
  const read = (protocol: "imap" | "pop3" | "smtp", text: string): string | undefined => {
    const server = readTyped(protocol, text);
    return server && serverText(server);
  };
  assert.equal(read("imap", "imap.example.org:993/tls"), "IMAP imap.example.org:993 (SSL/TLS)");
  assert.equal(read("imap", "IMAP.example.org"), "IMAP imap.example.org:993 (SSL/TLS)");
  assert.equal(read("imap", "imap.example.org/starttls"), "IMAP imap.example.org:143 (STARTTLS)");
  assert.equal(read("pop3", "pop.example.org:110"), "POP3 pop.example.org:110 (STARTTLS)");
  assert.equal(read("smtp", "smtp.example.org:465/none"), "SMTP smtp.example.org:465 (no encryption)");
  assert.equal(read("smtp", "smtp.example.org/SSL"), "SMTP smtp.example.org:465 (SSL/TLS)");
  assert.equal(read("smtp", "bücher.example:2525"), "SMTP xn--bcher-kva.example:2525 (STARTTLS)");
  for (const wrong of [
    "",
    "imap.example.org:0",
    "imap.example.org:70000",
    "imap.example.org/safe",
    "a b",
    "a:b",
    "a/tls:993",
  ])
    assert.equal(read("imap", wrong), undefined, wrong);
});

test("each difference is named by itself", () => {
  const typed = readTyped("smtp", "smtp.example.org:465/none")!;
  const right = readTyped("smtp", "smtp.example.org:587/starttls")!;
  assert.deepEqual(
    differencesOf(typed, right).map(({ setting, from, to }) => `${setting} ${from} ${to}`),
    ["port 465 587", "security no encryption STARTTLS"],
  );
  assert.deepEqual(differencesOf(right, right), []);
  assert.equal(placeWords(typed), "port 465 without TLS");
});
