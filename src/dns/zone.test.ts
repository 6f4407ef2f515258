import assert from "node:assert/strict";
import { test } from "node:test";
import { lookUp, parseZone } from "./zone.ts";

const zone = parseZone(`
  # comment
  ; comment too
  example.lab  MX 10 mx.example.lab
  Example.LAB. MX 20 MX2.example.lab.
  mx.example.lab A 127.0.0.10
  mx.example.lab AAAA ::1
  example.lab TXT "v=spf1 ; -all"
  127.0.0.10 PTR mx.example.lab
  nomail.lab MX 0 .
  www.lab CNAME web.lab
  web.lab CNAME mx.example.lab
  gone.lab CNAME nowhere.lab
  round.lab CNAME about.lab
  about.lab CNAME round.lab
  broken.lab SERVFAIL
  slow.lab SILENT
  half.lab MX SERVFAIL
  half.lab A 127.0.0.11
`);

const texts = (name: string, type: string): string[] => lookUp(zone, name, type).records.map(({ text }) => text);
const kind = (name: string, type = "A"): string => lookUp(zone, name, type).kind;

test("records come by name in any case, in the order of the text", () => {
  assert.deepEqual(texts("EXAMPLE.lab.", "MX"), ["mx.example.lab", "mx2.example.lab"]);
  assert.deepEqual(
    lookUp(zone, "example.lab", "MX").records.map(({ preference }) => preference),
    [10, 20],
  );
  assert.deepEqual(texts("mx.example.lab", "AAAA"), ["::1"]);
  assert.deepEqual(texts("example.lab", "TXT"), ["v=spf1 ; -all"]);
  assert.deepEqual(texts("10.0.0.127.in-addr.arpa", "PTR"), ["mx.example.lab"]);
  assert.deepEqual(texts("nomail.lab", "MX"), [""]);
});

test("a name with other types has no data, an unknown one does not exist", () => {
  assert.deepEqual(lookUp(zone, "mx.example.lab", "MX"), { kind: "NOERROR", records: [] });
  assert.equal(kind("other.lab"), "NXDOMAIN");
});

test("CNAMEs are followed and shown, loops end, a dangling one does not exist", () => {
  assert.deepEqual(
    lookUp(zone, "www.lab", "A").records.map(({ owner, type, text }) => `${owner} ${type} ${text}`),
    ["www.lab CNAME web.lab", "web.lab CNAME mx.example.lab", "mx.example.lab A 127.0.0.10"],
  );
  assert.equal(kind("gone.lab"), "NXDOMAIN");
  assert.equal(kind("round.lab"), "SERVFAIL");
});

test("faults hold for all types or for one", () => {
  assert.equal(kind("broken.lab", "MX"), "SERVFAIL");
  assert.equal(kind("slow.lab", "TXT"), "SILENT");
  assert.equal(kind("half.lab", "MX"), "SERVFAIL");
  assert.deepEqual(texts("half.lab", "A"), ["127.0.0.11"]);
});

test("a zone may grow", () => {
  const growing = parseZone("a.lab A 127.0.0.1");
  parseZone("a.lab A 127.0.0.2", growing);
  assert.equal(lookUp(growing, "a.lab", "A").records.length, 2);
});

test("bad lines are named with their number and the right form", () => {
  assert.throws(() => parseZone("a.lab A 127.0.0.1\nb.lab A 127.0.0.256"), /line 2.*not an A record.*192\.0\.2\.1/);
  assert.throws(() => parseZone("a.lab MX mx.a.lab"), /line 1.*PREFERENCE HOST/);
  assert.throws(() => parseZone("a.lab MX 65536 mx.a.lab"), /0 to 65535/);
  assert.throws(() => parseZone("a.lab AAAA 127.0.0.1"), /AAAA record/);
  assert.throws(() => parseZone("a.lab SRV 1 2 3 x"), /known type.*MX, A, AAAA, TXT, PTR, CNAME, SERVFAIL, SILENT/);
  assert.throws(() => parseZone("a.lab"), /no record type/);
});
