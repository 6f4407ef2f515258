import assert from "node:assert/strict";
import { basename, dirname } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Address } from "../mail/address.ts";
import { localHops } from "./local.ts";

const pathFor = (localPart: string): string => {
  const hop = localHops("maildir:/mail/{domain}/{user}")?.(`${localPart}@our.lab` as Address);
  return hop?.kind === "maildir" ? hop.path : assert.fail("not a Maildir");
};

test("placeholders are filled in, as often as they stand there", () => {
  const hop = localHops("maildir:/mail/{domain}/{user}/{user}.d")?.("Ann+x@our.lab" as Address);
  const path = "/mail/our.lab/ann+x/ann+x.d";
  assert.deepEqual(hop, { kind: "maildir", site: `maildir:${path}`, path });
});

test("no local part leaves its folder, hides, or is empty", () => {
  const cases: [string, string][] = [
    ['".."', "%2E."],
    ['"."', "%2E"],
    ['"../../etc/passwd"', "%2E.%2F..%2Fetc%2Fpasswd"],
    [".hidden", "%2Ehidden"],
    ['"a\\\\b"', "a%5Cb"],
    ['"a\\"b c"', "a%22b%20c"],
    ["a/b", "a%2Fb"],
    ["50%", "50%25"],
    ["{domain}", "%7Bdomain%7D"],
    ["$&", "%24%26"],
    ['""', "%22%22"],
    ["jörg", "jörg"],
    ["☃", "%E2%98%83"],
  ];
  for (const [localPart, segment] of cases) assert.equal(pathFor(localPart), `/mail/our.lab/${segment}`);
});

test("any text becomes one folder of its own", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 64 }), (text) => {
      const quoted = `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
      const path = pathFor(quoted);
      assert.equal(dirname(path), "/mail/our.lab");
      assert.match(basename(path), /^[^./\0][^/\0]*$/);
    }),
  );
  assert.notEqual(pathFor('"a b"'), pathFor("a%20b"));
});

test("LMTP by host and port, IPv6 too, or by socket; one site for all recipients", () => {
  const hop = (deliver: string) => localHops(deliver)?.("ann@our.lab" as Address);
  assert.deepEqual(hop("lmtp:dovecot.lab:24"), {
    kind: "lmtp",
    site: "lmtp:dovecot.lab:24",
    to: { host: "dovecot.lab", port: 24 },
  });
  assert.deepEqual(hop("lmtp:[::1]:24"), { kind: "lmtp", site: "lmtp:[::1]:24", to: { host: "::1", port: 24 } });
  assert.deepEqual(hop("lmtp:/run/lmtp"), { kind: "lmtp", site: "lmtp:/run/lmtp", to: { path: "/run/lmtp" } });
});

test("a relayed domain is not handed over here", () => {
  assert.equal(localHops("relay"), undefined);
});
