// Replies of providers, with the reasons that other people's tables give for them: how often we say the same, per provider.
import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "../../src/explain/explain.ts";
import { ownKnowledge } from "../../src/explain/knowledge/knowledge.ts";
import { suite } from "../support/suites.ts";
import reasons from "./reasons.json" with { type: "json" };

interface Reply {
  readonly provider: string;
  /** The name that the table has for it; reasons.json translates ours. */
  readonly reason: string;
  readonly text: string;
}

interface TableRow {
  readonly provider: string;
  readonly reason: string;
  readonly code?: string;
  readonly match?: string;
  readonly note: string;
}

/** The table's providers: a host that says such things, and how a code of theirs stands in a reply. */
const providers: Readonly<Record<string, { readonly host: string; readonly withCode?: (code: string) => string }>> = {
  apple: { host: "mx01.mail.icloud.com" },
  franceptt: { host: "smtp-in.orange.fr", withCode: (code) => `550 OFR_${code} [${code}]` },
  godaddy: { host: "mailstore1.secureserver.net", withCode: (code) => `554 ${code}` },
  google: { host: "gmail-smtp-in.l.google.com" },
  iua: { host: "mx.i.ua", withCode: (code) => `550 https://mail.i.ua/err/${code}` },
  nttdocomo: { host: "mfsmax.docomo.ne.jp" },
  tencent: { host: "mx3.qq.com" },
  yahooinc: { host: "mta5.am0.yahoodns.net" },
};

/** Where we mean something else than the table, and why. `ours` is our cause. */
const disputed: readonly { readonly says: string; readonly ours: string; readonly why: string }[] = [
  { says: "find the recipient domain", ours: "no-such-domain", why: "it is the domain that is unknown, not the user" },
  { says: "Connection expired", ours: "connection-lost", why: "a session ran out, not the message's time in a queue" },
  { says: "Timeout - closing", ours: "connection-lost", why: "a session ran out, not the message's time in a queue" },
  { says: "not authorized to send email directly", ours: "server-refused", why: "the client's address is the matter" },
  {
    says: "sender address address is not",
    ours: "sender-refused",
    why: "the envelope sender is wrong, not the message",
  },
  { says: "TLS required", ours: "encryption-needed", why: "the table has this as a security error in general" },
  { says: "sent over a TLS connection", ours: "encryption-needed", why: "as above" },
  { says: "issue a STARTTLS", ours: "encryption-needed", why: "the client's syntax is right: it lacks TLS" },
  {
    says: "Multiple destination domains",
    ours: "too-many-recipients",
    why: "nothing is broken: the client has to split",
  },
  { says: "Domain policy size", ours: "too-many-recipients", why: "nothing is broken: the client has to split" },
  {
    says: "554 5.7.9 Message not accepted",
    ours: "authentication-failed",
    why: "Yahoo's page says DMARC of this code",
  },
  { says: "unexpected volume", ours: "sending-too-fast", why: "the words speak of volume, not of a sender's name" },
  { says: "permanently deferred", ours: "server-refused", why: "it names an IP address, not a sender" },
  { says: "is no longer valid", ours: "no-such-mailbox", why: "the account is gone, not suspended" },
  { says: "message is looping", ours: "mail-loop", why: "a loop is no fault of the system that sees it" },
  { says: "IB101", ours: "receiver-broken", why: "their queue is full: it is not the sender who is fast" },
  { says: "IB510", ours: "too-many-connections", why: "the table itself counts Yahoo's limit per connection so" },
];

const replies = suite("replies");
const read = (file: string): unknown => JSON.parse(replies.read(file).toString());
const disputeOf = (text: string): (typeof disputed)[number] | undefined =>
  disputed.find(({ says }) => text.includes(says));

/** The table's wordings, its codes, and the replies that its notes quote. Gmail's codes are no key: one has many causes. */
function repliesOfTable(): Reply[] {
  return (read("provider-code-table.json") as TableRow[]).flatMap(({ provider, reason, code, match, note }) => {
    const { withCode } = providers[provider]!;
    const quoted = Array.from(` ${note}`.matchAll(/(?<= - )[245]\d\d .+?(?= - [245]\d\d |$)/g), ([reply]) => reply);
    const texts = [
      ...(match !== undefined && match !== null && provider !== "google" ? [match] : []),
      ...(code && withCode ? [withCode(code)] : []),
      ...quoted,
    ];
    return texts.map((text) => ({ provider, reason, text }));
  });
}

const causeOf = ({ provider, text }: Reply): keyof typeof reasons =>
  explain({ text, host: providers[provider]!.host }).cause;

test("what providers say is explained as their tables have it", { skip: replies.skip }, (t) => {
  const all = [...(read("provider-reply-examples.json") as Reply[]), ...repliesOfTable()];
  assert.ok(all.length > 300, `${all.length} replies`);
  for (const provider of Object.keys(providers)) {
    const theirs = all.filter((reply) => reply.provider === provider && !disputeOf(reply.text));
    const wrong = theirs.filter((reply) => reasons[causeOf(reply)] !== reply.reason);
    const part = 1 - wrong.length / theirs.length;
    t.diagnostic(`${provider}: ${theirs.length - wrong.length} of ${theirs.length} (${(100 * part).toFixed(1)} %)`);
    const list = wrong.map((reply) => `${reply.reason}, not ${causeOf(reply)}: ${reply.text}`).join("\n");
    assert.ok(part >= 0.97, `${provider}: ${wrong.length} of ${theirs.length} differ\n${list}`);
  }
});

test("where we mean something else, it is what we say, and they do differ", { skip: replies.skip }, (t) => {
  const all = [...(read("provider-reply-examples.json") as Reply[]), ...repliesOfTable()];
  for (const dispute of disputed) {
    const theirs = all.filter(({ text }) => disputeOf(text) === dispute);
    assert.ok(theirs.length > 0, `${dispute.says}: nobody says so, take it out`);
    for (const reply of theirs) {
      assert.equal(causeOf(reply), dispute.ours, reply.text);
      assert.notEqual(reasons[causeOf(reply)], reply.reason, `${dispute.says}: no dispute any more, take it out`);
    }
  }
  const count = all.filter(({ text }) => disputeOf(text)).length;
  t.diagnostic(`${count} of ${all.length} replies are disputed`);
  assert.ok(count < all.length * 0.15, "so many disputes are a mistake of ours");
});

test("of the replies in a public manual, none is left without a cause", { skip: replies.skip }, () => {
  const manual = read("field-manual.json") as { readonly response: string }[];
  const mute = manual.filter(({ response }) => ["unclear", "unknown"].includes(explain(response).cause));
  assert.deepEqual(mute, []);
});

test("each provider of the tables is known", () => {
  for (const [name, { host }] of Object.entries(providers))
    assert.notEqual(ownKnowledge().providers.find([host], "").size, 0, name);
});
