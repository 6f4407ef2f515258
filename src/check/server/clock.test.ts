// Whose clock is wrong, by what a greeting and a certificate say.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CertificateSeen } from "../net/connector.ts";
import { clockOf } from "./clock.ts";

const day = 86_400_000;
const now = Date.UTC(2026, 5, 15, 12);
const nothing = Buffer.alloc(0);

const certificate = (validFrom: number, validTo: number): CertificateSeen => ({
  subject: "a",
  issuer: "b",
  names: [],
  validFrom,
  validTo,
  raw: nothing,
  publicKey: nothing,
});

/** A certificate of 60 days, in the middle of which it is now. */
const valid = certificate(now - 30 * day, now + 30 * day);

const whose = (greeting: string, at: number, own?: CertificateSeen) =>
  clockOf(
    {
      place: { protocol: "submission", host: "mail.test", port: 587, security: "starttls" },
      address: "192.0.2.1",
      greeting: { isGood: true, text: greeting },
      ...(own !== undefined && {
        tls: { kind: "secured", tls: { version: "TLSv1.3", cipher: "x", chain: [own], isForHost: true } },
      }),
    },
    at,
  )?.whose;

test("the server's date counts where the certificate, or the age of this program, speaks for it", () => {
  const dated = "220 mail.test ESMTP; Mon, 15 Jun 2026 14:05:00 +0200";
  assert.equal(whose(dated, now, valid), undefined, "five minutes are nothing");
  assert.equal(whose(dated, now + 100 * day, valid), "ours");
  assert.equal(whose(dated, Date.UTC(2020, 0, 1)), "ours", "older than this program");
  assert.equal(whose("220 mail.test; 1 Jan 2019 10:00:00 +0000", now, valid), "theirs");
  assert.equal(whose("220 mail.test ESMTP", now, valid), undefined);
  assert.equal(whose("220 mail.test ESMTP", now + 100 * day, valid), undefined, "it may be the certificate");
  assert.equal(whose("220 mail.test ESMTP", Date.UTC(2020, 0, 1)), "ours");
  assert.equal(whose("220 mail.test; 99 Jan 2026 10:00:00 +0000", now, valid), undefined, "no date");
});
