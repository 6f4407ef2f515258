// Attempts to pass for somebody else, from public research on e-mail sender spoofing: none comes out as bank.example, be it
// proven by SPF, DKIM, DMARC or ARC. docs/forgery.md has the table.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { type GuardedServer, startGuarded, type Stranger } from "../support/guarded-server.ts";
import { makeKey, signed } from "../support/signed.ts";

const bank = makeKey("bank.example");
const evil = makeKey("evil.example");
const weak = makeKey("weak.example", "s1", 512);

/** The bank does all that a domain can do. The attacker owns evil.example, and does it all right, too. */
const zone = `
  bank.example TXT "v=spf1 ip4:192.0.2.10 -all"
  bank.example A 192.0.2.10
  _dmarc.bank.example TXT "v=DMARC1; p=reject; sp=reject; np=reject"
  ${bank.record}
  mx.bank.example A 192.0.2.10
  192.0.2.10 PTR mx.bank.example
  evil.example TXT "v=spf1 ip4:203.0.113.66 -all"
  evil.example A 203.0.113.66
  _dmarc.evil.example TXT "v=DMARC1; p=none"
  ${evil.record}
  ${weak.record}
  mx.evil.example A 203.0.113.66
  mx.evil.example TXT "v=spf1 ip4:203.0.113.66 -all"
  203.0.113.66 PTR mx.evil.example
  xn--bnk-tla.example TXT "v=spf1 ip4:203.0.113.66 -all"
  _dmarc.xn--bnk-tla.example TXT "v=DMARC1; p=none"
`;

const attacker: Stranger = { ip: "203.0.113.66", helo: "mx.evil.example", from: "mallory@evil.example" };

const mail = (...header: readonly string[]): string =>
  [...header, "To: ann@here.example", "Subject: your account", "", "Pay here.", ""].join("\r\n");

interface Attack {
  readonly name: string;
  readonly stranger?: Partial<Stranger>;
  readonly content: string;
}

const byBank = "From: <admin@bank.example>";
const byEvil = "From: <mallory@evil.example>";

const attacks: readonly Attack[] = [
  { name: "the plain lie: From of the bank", content: mail(byBank) },
  { name: "MAIL FROM of the bank, too", stranger: { from: "admin@bank.example" }, content: mail(byBank) },
  { name: "null reverse-path, HELO of the attacker", stranger: { from: "" }, content: mail(byBank) },
  { name: "HELO of the bank", stranger: { helo: "mx.bank.example", from: "" }, content: mail(byBank) },
  { name: "MAIL FROM below the bank's domain", stranger: { from: "x@none.bank.example" }, content: mail(byBank) },
  { name: "From below the bank's domain", content: mail("From: <admin@none.bank.example>") },
  { name: "From with a dot behind the domain", content: mail("From: <admin@bank.example.>") },
  { name: "two From fields, the bank's first", content: mail(byBank, byEvil) },
  { name: "two From fields, the bank's last", content: mail(byEvil, byBank) },
  {
    name: "two From fields, signed by the attacker",
    content: mail(byBank) && signed(mail(byEvil), evil).replace("From:", "From: <admin@bank.example>\r\nFrom:"),
  },
  { name: "a space before the colon", content: mail("From : <admin@bank.example>", byEvil) },
  { name: "a tab before the colon", content: mail("From\t: <admin@bank.example>", byEvil) },
  { name: "only a From with a space before the colon", content: mail("From : <admin@bank.example>") },
  { name: "a From that begins with a space", content: mail(" From: <admin@bank.example>", byEvil) },
  { name: "a From folded behind its name", content: mail("From\r\n : <admin@bank.example>", byEvil) },
  { name: "a From behind a line that is no field", content: mail("no field", byBank, byEvil) },
  { name: "no From, but Sender", content: mail("Sender: <admin@bank.example>") },
  { name: "Resent-From of the attacker", content: mail("Resent-From: <mallory@evil.example>", byBank) },
  { name: "two addresses, the bank's first", content: mail("From: <admin@bank.example>, <mallory@evil.example>") },
  { name: "two addresses, the bank's last", content: mail("From: <mallory@evil.example>, <admin@bank.example>") },
  { name: "an empty address before", content: mail("From: <>, <admin@bank.example>") },
  { name: "an address in a comment", content: mail("From: (<mallory@evil.example>) <admin@bank.example>") },
  { name: "a comment within the address", content: mail("From: <admin(x@evil.example)@bank.example>") },
  { name: "a source route", content: mail("From: <@evil.example:admin@bank.example>") },
  { name: "a source route of the bank", content: mail("From: <@bank.example,@any.example:mallory@evil.example>") },
  { name: "a quoted pair between addresses", content: mail("From: <admin@bank.example>\\,<mallory@evil.example>") },
  {
    name: "a name without quotes that is an address",
    content: mail("From: admin@bank.example <mallory@evil.example>"),
  },
  { name: "a name in quotes that is an address", content: mail('From: "admin@bank.example" <mallory@evil.example>') },
  {
    name: "an encoded word for a name",
    content: mail("From: =?utf-8?B?PGFkbWluQGJhbmsuZXhhbXBsZT4=?= <mallory@evil.example>"),
  },
  { name: "an encoded word for the address", content: mail("From: =?utf-8?B?YWRtaW5AYmFuay5leGFtcGxl?=") },
  { name: "an encoded word within the domain", content: mail("From: <admin@=?utf-8?Q?bank?=.example>") },
  { name: "a quoted local part with an address", content: mail('From: <"admin@bank.example"@evil.example>') },
  { name: "a NUL behind the bank's domain", content: mail("From: <admin@bank.example\0.evil.example>") },
  { name: "a group", content: mail("From: bank: <admin@bank.example>, <mallory@evil.example>;") },
  { name: "an empty group named like the bank", content: mail("From: admin@bank.example:;") },
  { name: "brackets twice", content: mail("From: <<admin@bank.example>>") },
  { name: "a missing bracket", content: mail("From: <admin@bank.example") },
  { name: "an @ too many", content: mail("From: <admin@bank.example@evil.example>") },
  { name: "an invisible character in the domain", content: mail("From: <admin@bank\u00e2\u0080\u008b.example>") },
  {
    name: "a lookalike domain with its own policy",
    stranger: { from: "x@xn--bnk-tla.example" },
    content: mail("From: <admin@xn--bnk-tla.example>"),
  },
  { name: "a lookalike domain in UTF-8", content: mail("From: <admin@b\u00c3\u00a1nk.example>") },
  { name: "MAIL FROM with a comment", stranger: { from: "mallory@bank.example(.evil.example" }, content: mail(byBank) },
  {
    name: "MAIL FROM with a quoted local part",
    stranger: { from: '"admin@bank.example;"@evil.example' },
    content: mail(byBank),
  },
  { name: "a signature of the attacker", content: signed(mail(byBank), evil) },
  {
    name: "a signature that claims the bank with the attacker's key",
    content: signed(mail(byBank), { ...evil, domain: "bank.example" }),
  },
  { name: "d= with a NUL", content: signed(mail(byBank), evil, { d: "bank.example\0.evil.example" }) },
  { name: "d= with a bracket", content: signed(mail(byBank), evil, { d: "bank.example(.evil.example" }) },
  { name: "d= with a quote", content: signed(mail(byBank), evil, { d: '"bank.example".evil.example' }) },
  {
    name: "d= with a line for another result",
    content: signed(mail(byBank), evil, { d: "evil.example dkim=pass header.d=bank.example" }),
  },
  { name: "d= of a public suffix", content: signed(mail(byBank), evil, { d: "example" }) },
  { name: "d= twice", content: signed(mail(byBank), evil, { d: "bank.example; d=evil.example" }) },
  {
    name: "s= that leaves the domain",
    content: signed(mail(byBank), evil, { d: "bank.example", s: "s1._domainkey.evil.example." }),
  },
  { name: "i= of the bank", content: signed(mail(byBank), evil, { i: "admin@bank.example" }) },
  { name: "a signature that covers no From", content: signed(mail(byBank), evil, { h: "Subject" }) },
  {
    name: "a bank's letter with another From on top",
    content: signed(mail(byBank), bank).replace("From:", "From: <ceo@bank.example>\r\nFrom:"),
  },
  {
    name: "a bank's letter with another subject below",
    content: signed(mail(byBank), bank).replace(
      "Subject: your account",
      "Subject: your account\r\nFrom: <ceo@bank.example>",
    ),
  },
  { name: "a bank's letter with another text", content: signed(mail(byBank), bank).replace("Pay here", "Pay there") },
  {
    name: "a bank's letter, of which only a part is signed, with more text",
    content: `${signed(mail(byBank), bank, { l: 4 })}\r\nAnd pay there.\r\n`,
  },
  {
    name: "a bank's letter whose signature is over",
    content: signed(mail(byBank), bank, { t: 1_000_000_000, x: 1_000_000_100 }),
  },
  { name: "a bank's letter signed with SHA-1", content: signed(mail(byBank), bank, { a: "rsa-sha1" }) },
  { name: "a weak key of the attacker", content: signed(mail("From: <x@weak.example>"), weak) },
  {
    name: "a chain of seals of nobody's",
    content: mail(
      "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=evil.example; s=s1; b=AAAA",
      "ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=evil.example; s=s1; h=from; bh=AAAA; b=AAAA",
      "ARC-Authentication-Results: i=1; evil.example; dmarc=pass header.from=bank.example",
      byBank,
    ),
  },
  {
    name: "our own results, forged",
    content: mail("Authentication-Results: waybill.test; dmarc=pass header.from=bank.example", byBank),
  },
  {
    name: "our own results, forged with a comment",
    content: mail("Authentication-Results: (x) waybill.test 1; dmarc=pass header.from=bank.example", byEvil),
  },
  {
    name: "our own results, folded, in other case",
    content: mail("AUTHENTICATION-RESULTS:\r\n WayBill.Test;\r\n dkim=pass header.d=bank.example", byEvil),
  },
  { name: "a line end that is none before a field", content: mail(`X: a\r${byBank}`, byEvil) },
];

/** Its code, and its first line. */
const refusalText = (reply: string): string =>
  `${reply.slice(0, 3)} ${reply.slice(4).split("\n")[0]!.replaceAll("|", "\\|")}`;

const page = new URL("../../docs/forgery.md", import.meta.url);

describe("nobody passes for the bank", () => {
  /** Rows of the table in docs/forgery.md. */
  const told: string[] = [];
  let guarded: GuardedServer;
  before(async () => {
    guarded = await startGuarded(zone, {
      // each attempt is judged by itself, not by those before it
      reputation: { refuse_below: -100, mark_below: -100 },
      abuse: { slow_at: 0, refuse_at: 0 },
    });
  });
  after(() => guarded[Symbol.asyncDispose]());

  test("the bank itself does, by SPF, by DKIM, and by both", async () => {
    const own: Stranger = { ip: "192.0.2.10", helo: "mx.bank.example", from: "admin@bank.example" };
    const letters: readonly [Stranger, string][] = [
      [own, mail(byBank)],
      [attacker, signed(mail(byBank), bank)], // as a mailing list that changes nothing
      [own, signed(mail(byBank), bank)],
    ];
    for (const [stranger, content] of letters) {
      const { reply, event, arrived } = await guarded.send(stranger, content);
      assert.match(reply, /^250 /);
      assert.deepEqual(event.judged?.identity, { kind: "dmarc", name: "bank.example" });
      assert.match(arrived!, /^Authentication-Results: waybill\.test;[^]*?dmarc=pass[^]*?header\.from=bank\.example/);
    }
  });

  for (const { name, stranger, content } of attacks)
    test(name, async () => {
      const {
        reply,
        event,
        arrived = "",
      } = await guarded.send({ ...attacker, ...stranger }, Buffer.from(content, "latin1"));
      const { judged } = event;
      told.push(
        `| ${name} | ${event.kind === "refused" ? refusalText(reply) : `taken for ${judged!.identity.name}`} |`,
      );
      assert.ok(!judged?.identity.name.endsWith("bank.example"), `taken for ${judged?.identity.name}`);
      assert.notEqual(
        judged?.authentication?.dmarc.domain === "bank.example" && judged.authentication.dmarc.result,
        "pass",
      );
      if (event.kind === "refused") return assert.match(reply, /^[45]\d\d[ -][45]\.\d\.\d/);
      assert.doesNotMatch(arrived, /(?:spf|dkim|dmarc|arc)=pass[^;]*bank\.example/, "no pass names the bank");
      const mayShowBank = judged!.identity.name.endsWith("evil.example") || judged!.findings.length > 0;
      assert.ok(
        mayShowBank || !/^From[^\n]*<admin@bank\.example>/m.test(arrived),
        "the bank's name without a word of doubt",
      );
    });

  test("docs/forgery.md has what happens to each of them", async () => {
    const rows = (await readFile(page, "utf8")).match(/^\| (?!attempt|---).*\|$/gm) ?? [];
    assert.deepEqual(rows, told);
  });
});
