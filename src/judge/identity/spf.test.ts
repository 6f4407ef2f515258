// SPF around the suite: what is checked, ways of failing, and what a hostile domain can do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeResolver } from "../../../test/support/fake-resolver.ts";
import type { ReversePath } from "../../mail/address.ts";
import { evaluateSpf, spfLimits } from "./spf.ts";

const zone = `
example.org TXT "v=spf1 ip4:192.0.2.1 -all exp=why.example.org"
why.example.org TXT "%{i} is not ours: ${"x".repeat(300)}"
soft.example TXT "v=spf1 ~all"
mail_out.example.org TXT "v=spf1 ip4:192.0.2.1 -all"
slow.example SILENT
broken.example SERVFAIL
bare.example A 192.0.2.9
two.example TXT "v=spf1 -all"
two.example TXT "v=spf1 +all"
gone.example TXT "v=spf1 include:nothing.example -all"
long.example TXT "v=spf1 ${"ip4:192.0.2.9 ".repeat(300)}-all"
users.example TXT "v=spf1 exists:%{l}.allowed.example -all"
ann+news.allowed.example A 127.0.0.2
mx.example.org TXT "v=spf1 a -all"
mx.example.org A 192.0.2.1
`;

const check = (mailFrom: string, helo = "mx.example.org", client = "192.0.2.1") =>
  evaluateSpf({ client, helo, mailFrom: mailFrom as ReversePath, hostname: "here.example" }, fakeResolver(zone));

const cases: readonly [mailFrom: string, result: string, because: RegExp][] = [
  ["a@example.org", "pass", /may send its mail \(ip4:192\.0\.2\.1\)/],
  ["a@soft.example", "softfail", /probably must not .* needs "ip4:192\.0\.2\.1"/],
  ["a@mail_out.example.org", "pass", /mail_out\.example\.org says/],
  ["a@slow.example", "temperror", /did not answer in time \(TXT slow\.example\)/],
  ["a@broken.example", "temperror", /DNS failed .*SERVFAIL/],
  ["a@bare.example", "none", /bare\.example has no SPF record/],
  ["a@nowhere.example", "none", /nowhere\.example does not exist/],
  ["a@[192.0.2.1]", "none", /"\[192\.0\.2\.1\]" in MAIL FROM is no domain name/],
  ["a@two.example", "permerror", /multiple SPF records/],
  ["a@gone.example", "permerror", /no SPF records found for nothing\.example/],
  ["a@long.example", "permerror", /longer than 4096 characters/],
  ["ann+news@users.example", "pass", /exists:ann\+news\.allowed\.example/],
];
for (const [mailFrom, result, because] of cases)
  test(`MAIL FROM:<${mailFrom}> is ${result}`, async () => {
    const [sender, helo] = await check(mailFrom);
    assert.equal(sender?.result, result);
    assert.match(sender.because, because);
    assert.deepEqual([sender.scope, helo?.scope, helo?.result], ["mailfrom", "helo", "pass"]);
  });

test("of the null reverse-path HELO is checked alone (RFC 7208 §2.4)", async () => {
  const verdicts = await check("");
  assert.deepEqual(
    verdicts.map(({ scope, domain, result }) => [scope, domain, result]),
    [["helo", "mx.example.org", "pass"]],
  );
});

for (const helo of ["[192.0.2.1]", "localhost", "", "not a name", "x".repeat(70) + ".example"])
  test(`HELO ${helo.slice(0, 20)} has no record`, async () => {
    const [verdict] = await check("", helo);
    assert.equal(verdict?.result, "none");
    assert.match(verdict.because, /no full host name/);
  });

test("a domain's own words are short and printable", async () => {
  const [verdict] = await check("a@example.org", "mx.example.org", "192.0.2.7");
  assert.equal(verdict?.result, "fail");
  assert.match(verdict.explanation ?? "", /^192\.0\.2\.7 is not ours: x+\.\.\.$/);
  assert.equal(verdict.explanation?.length, spfLimits.explanationChars);
  assert.match(verdict.because, /must not send its mail \(-all\); if 192\.0\.2\.7 is a server of example\.org/);
});

test("a record that leads on and on ends (RFC 7208 §4.6.4)", async () => {
  const chain = Array.from({ length: 40 }, (_, i) => `d${i}.example TXT "v=spf1 include:d${i + 1}.example -all"`);
  const resolver = fakeResolver(chain.join("\n"));
  const asked = { client: "192.0.2.1", helo: "[192.0.2.1]", mailFrom: "a@d0.example" as ReversePath, hostname: "x" };
  const [verdict] = await evaluateSpf(asked, resolver);
  assert.equal(verdict?.result, "permerror");
  assert.equal(resolver.questions.length, 1 + spfLimits.lookups);
});
