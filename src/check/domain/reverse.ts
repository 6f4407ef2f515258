// Do the addresses have names that lead back to them? RFC 1912 §2.1, RFC 8601 §2.7.3.
import { canonicalAddress } from "../../base/networks.ts";
import { isFailure, recordsIn } from "../../dns/answer.ts";
import type { Answer, Resolver } from "../../dns/resolver.ts";
import { reverseName } from "../../dns/reverse-name.ts";
import { isWithin } from "../../mail/address.ts";
import type { DnsRecord } from "../dns-record.ts";
import { act, type Level, publish } from "../finding.ts";
import type { Asked } from "../run.ts";
import { problemOf } from "./dns-trouble.ts";
import { domainCheck, type DomainTools, say } from "./question.ts";

export const reverse = domainCheck({
  name: "reverse",
  needs: ["addresses"],
  async run(asked, { addresses }) {
    const { senders, domain } = asked.tools.question;
    const hosts = new Map(addresses.map(({ address, host }) => [address, host]));
    const all = [...new Set([...senders, ...hosts.keys()])];
    await Promise.all(
      all.map(async (address) => {
        const host = hosts.get(address) ?? (await senderName(address, asked));
        // who only receives is not asked for its name; whether it sends, too, is known of some
        const mayAlsoSend = senders.length === 0 && isWithin(host, domain);
        const level = senders.includes(address) ? "error" : mayAlsoSend ? "warning" : "note";
        await lookAt({ address, host, level }, asked);
      }),
    );
  },
});

/** Our own name, if it is we who send from there. */
async function senderName(address: string, { tools }: Asked<DomainTools>): Promise<string> {
  const { hello, domain, wanted } = tools.question;
  if (wanted !== undefined || isWithin(hello, domain)) return hello;
  const answer = await askForward(hello, address, tools.resolver);
  return leadsTo(answer, address) ? hello : `mail.${domain}`;
}

const familyOf = (address: string): "A" | "AAAA" => (address.includes(":") ? "AAAA" : "A");

/** Addresses of the same family as this one. */
const askForward = (name: string, address: string, resolver: Resolver): Promise<Answer<string>> =>
  familyOf(address) === "AAAA" ? resolver.aaaa(name) : resolver.a(name);

const leadsTo = (answer: Answer<string>, address: string): boolean =>
  recordsIn(answer).some((one) => canonicalAddress(one) === canonicalAddress(address));

interface Address {
  readonly address: string;
  /** The name that it should have. */
  readonly host: string;
  /** Of what is wrong. */
  readonly level: Level;
}

/** Names of one address that are looked at. */
const mostNames = 5;

async function lookAt({ address, host, level }: Address, asked: Asked<DomainTools>): Promise<void> {
  const { resolver } = asked.tools;
  const ptr: DnsRecord = { name: reverseName(address) ?? address, type: "PTR", value: host };
  const changes = [act("ask-ptr", { address, name: host }), publish(ptr)];
  const answer = await resolver.ptr(address);
  if (isFailure(answer))
    return say(asked, "reverse.unknown", { about: address, values: { problem: problemOf(answer) } });
  const names = recordsIn(answer).slice(0, mostNames);
  if (names.length === 0) return say(asked, "reverse.missing", { about: address, level, changes });
  const found = await Promise.all(names.map((name) => askForward(name, address, resolver)));
  const agrees = names.find((_, i) => leadsTo(found[i]!, address));
  const failed = found.find(isFailure);
  const name = agrees ?? names[0]!;
  if (agrees === undefined && failed !== undefined)
    return say(asked, "reverse.unknown", { about: address, values: { problem: problemOf(failed) } });
  if (agrees === undefined) {
    const values = { name, addresses: found.flatMap(recordsIn).join(", ") };
    const record: DnsRecord = { name, type: familyOf(address), value: address };
    const forward = isWithin(name, asked.tools.question.domain) ? [publish(record)] : changes;
    return say(asked, "reverse.does-not-agree", { about: address, level, values, changes: forward });
  }
  const said = { about: address, values: { name } };
  if (!isGeneric(name, address)) return say(asked, "reverse.good", said);
  // names of lines at home are distrusted, and not forbidden
  return say(asked, "reverse.generic", { ...said, level: level === "error" ? "warning" : "note", changes });
}

/** Three different numbers of an address stand in its name: "192-0-2-1.dsl.example.net". */
function isGeneric(name: string, address: string): boolean {
  const octets = address.includes(":") ? [] : [...new Set(address.split("."))];
  const numbers = new Set(name.split(/\D+/));
  return octets.filter((octet) => numbers.has(octet)).length >= 3;
}
