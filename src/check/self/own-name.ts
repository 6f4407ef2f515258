// Our name in greetings and EHLO: whole, with an address that is ours, whose reverse name leads back. RFC 5321 §4.1.1.1,
// §4.1.4; RFC 1912 §2.1.
import { canonicalAddress } from "../../base/networks.ts";
import { reverseName } from "../../dns/reverse-name.ts";
import { isFailure, problemOf } from "../domain/dns-trouble.ts";
import { act, publish } from "../finding.ts";
import type { Asked } from "../run.ts";
import { say, selfCheck, type SelfTools, setting } from "./question.ts";

/** RFC 6761, RFC 6762, RFC 8375: names that mean something in one network only. */
const isLocalName = (name: string): boolean =>
  !name.includes(".") || /\.(?:local|localdomain|localhost|lan|internal|home\.arpa|invalid)$/.test(name);

export const ownName = selfCheck({
  name: "own-name",
  async run(asked) {
    const { resolver, question, machine } = asked.tools;
    const { hostname, config, isPublic } = question;
    const about = hostname;
    if (isLocalName(hostname)) {
      const changes = [
        setting(question, "hostname", {
          from: `"${hostname}"`,
          to: '"mail.example.org", a name of yours with an address',
        }),
      ];
      return say(asked, "hostname.local", { about, changes });
    }
    const answers = await Promise.all([resolver.a(hostname), resolver.aaaa(hostname)]);
    const failed = answers.find(isFailure);
    const named = answers.flatMap((answer) => (answer.kind === "found" ? answer.records : []));
    const ours = machine.addresses.filter(isPublic);
    if (named.length === 0 && failed !== undefined)
      return say(asked, "hostname.unknown", {
        about,
        values: { problem: problemOf(failed) },
        changes: [act("try-again")],
      });
    const records = ours.map((value) => publish({ name: hostname, type: value.includes(":") ? "AAAA" : "A", value }));
    const changes = records.length > 0 ? records : [act("publish-address", { name: hostname })];
    if (named.length === 0) return say(asked, "hostname.no-address", { about, changes });
    const values = { addresses: named.join(", "), own: ours.join(", ") || undefined };
    const elsewhere = named.filter(
      (one) => !machine.addresses.some((own) => canonicalAddress(own) === canonicalAddress(one)),
    );
    if (!named.some(isPublic)) say(asked, "hostname.private", { about, values, changes });
    else if (elsewhere.length === 0) say(asked, "hostname.good", { about, values });
    else if (ours.length === 0) say(asked, "hostname.behind-nat", { about, values });
    else say(asked, "hostname.elsewhere", { about, values: { ...values, wrong: elsewhere.join(", ") }, changes });
    const { source_address: source } = config.deliver;
    // another machine's is its own affair
    const ownOnes = ours.length === 0 ? named : named.filter((one) => !elsewhere.includes(one));
    const sending = source === undefined ? ownOnes : [source];
    await Promise.all(sending.filter(isPublic).map((address) => tellOfReverse(address, asked)));
  },
});

/** Names of one address that are looked at. */
const mostNames = 5;

async function tellOfReverse(about: string, asked: Asked<SelfTools>): Promise<void> {
  const { resolver, question } = asked.tools;
  const { hostname } = question;
  const ptr = { name: reverseName(about) ?? about, type: "PTR", value: hostname } as const;
  const changes = [act("ask-ptr", { address: about, name: hostname }), publish(ptr)];
  const answer = await resolver.ptr(about);
  if (isFailure(answer)) return say(asked, "reverse.unknown", { about, values: { problem: problemOf(answer) } });
  const names = answer.kind === "found" ? answer.records.slice(0, mostNames) : [];
  const [name] = names;
  if (name === undefined) return say(asked, "reverse.missing", { about, changes });
  const found = await Promise.all(names.map((one) => resolver[about.includes(":") ? "aaaa" : "a"](one)));
  const agrees = found.findIndex(
    (one) => one.kind === "found" && one.records.some((record) => canonicalAddress(record) === canonicalAddress(about)),
  );
  if (agrees >= 0) return say(asked, "reverse.good", { about, values: { name: names[agrees]! } });
  const addresses = found.flatMap((one) => (one.kind === "found" ? one.records : [])).join(", ");
  say(asked, "reverse.does-not-agree", { about, values: { name, addresses: addresses || undefined }, changes });
}
