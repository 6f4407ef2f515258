// What the receiver sees of us: reverse name, SPF, DKIM, and what DMARC of the sender's domain makes of it. RFC 7208, RFC 6376,
// RFC 9989.
import { domainOf, localPartOf } from "../../mail/address.ts";
import type { DkimVerdict, SpfVerdict } from "../../mail/verdict.ts";
import { alignmentSteps } from "../authentication/dmarc-alignment.ts";
import { policyInForce } from "../authentication/dmarc-policy.ts";
import { walkTree } from "../authentication/dmarc-walk.ts";
import { parseClient } from "../authentication/spf-address.ts";
import { walkSpf } from "../authentication/spf-walk.ts";
import { dkim, isSameKey } from "../domain/dkim.ts";
import { dmarc } from "../domain/dmarc.ts";
import type { MxFacts } from "../domain/question.ts";
import { reverse } from "../domain/reverse.ts";
import { spf } from "../domain/spf.ts";
import { act } from "../finding.ts";
import type { Asked } from "../run.ts";
import { gathering, passOn } from "./domain-checks.ts";
import { deliveryCheck, type DeliveryTools, type SenderProof, type SigningRecord, tell, type Way } from "./question.ts";

export const sender = deliveryCheck({
  name: "delivery-sender",
  needs: ["delivery-route"],
  async run(asked, { "delivery-route": ways }): Promise<SenderProof> {
    const outside = ways.filter(isOutside);
    if (outside.length === 0) return {};
    // who takes mail for us from our route shows an address of its own to others
    const isRelayed = outside.every(({ isByRule }) => isByRule);
    const [bySpf, byDkim] = await Promise.all([spfOf(isRelayed, asked), dkimOf(isRelayed, asked)]);
    return dmarcOf({ spf: bySpf, dkim: byDkim, isRelayed }, asked);
  },
});

const isOutside = ({ routing }: Way): boolean => routing.kind === "hop" && routing.hop.kind === "smtp";

/** It sends mail, and there is nothing to be said about what it receives. */
const mx: MxFacts = { kind: "hosts", hosts: [] };

/** Undefined: not known. */
async function spfOf(isRelayed: boolean, asked: Asked<DeliveryTools>): Promise<SpfVerdict | undefined> {
  const { resolver, delivery, question } = asked.tools;
  const { addresses, by } = delivery.source;
  const domain = domainOf(delivery.sender);
  const gathered = gathering(asked, { domain, senders: isRelayed ? [] : addresses });
  const passed = (): void => passOn(gathered, asked, { worst: "warning", leaveOut: new Set() });
  if (isRelayed) {
    await spf.run(gathered, { mx });
    tell(asked, "delivery.spf-of-relay", { about: domain });
    passed();
    return undefined;
  }
  if (addresses.length === 0) {
    tell(asked, "delivery.source-unknown", { values: { hostname: question.hello }, changes: [act("name-source")] });
    return undefined;
  }
  tell(asked, "delivery.source", { about: question.hello, values: { addresses: addresses.join(", "), how: how[by] } });
  await Promise.all([spf.run(gathered, { mx }), reverse.run(gathered, { addresses: [] })]);
  passed();
  const walks = addresses.map((address) =>
    walkSpf(
      {
        client: parseClient(address)!,
        helo: question.hello,
        localPart: localPartOf(delivery.sender),
        senderDomain: domain,
        resolver,
        counts: { lookups: 0, voids: 0 },
      },
      domain,
    ),
  );
  const results = (await Promise.all(walks)).map(({ result }) => result);
  const result = results.find((one) => one !== "pass") ?? "pass";
  return { scope: "mailfrom", domain, result, because: addresses.join(", ") };
}

const how = {
  option: "as --source says",
  source_address: "source_address of [deliver]",
  hostname: "the addresses of our host name in DNS",
} as const;

/** One verdict for each signature that our mail would have. */
async function dkimOf(isRelayed: boolean, asked: Asked<DeliveryTools>): Promise<DkimVerdict[]> {
  const { prospects, delivery } = asked.tools;
  const domain = domainOf(delivery.sender);
  const keys = await prospects.keys(domain).catch((error: Error) => error.message);
  if (typeof keys === "string") {
    tell(asked, "delivery.keys-unreadable", { about: domain, values: { problem: keys }, changes: [act("as-server")] });
    return [];
  }
  if (keys.length === 0) {
    const id = isRelayed ? "delivery.signed-by-relay" : "delivery.not-signed";
    tell(asked, id, {
      about: domain,
      values: { domain },
      changes: isRelayed ? [] : [act("sign-with-dkim", { domain })],
    });
    return [];
  }
  const gathered = gathering(asked, { domain: keys[0]!.domain, selectors: [], wanted: keys });
  await dkim.run(gathered, { mx });
  passOn(gathered, asked, { worst: "error", leaveOut: new Set() });
  return Promise.all(keys.map((key) => verdictOf(key, asked)));
}

async function verdictOf(key: SigningRecord, { tools }: Asked<DeliveryTools>): Promise<DkimVerdict> {
  const answer = await tools.resolver.txt(key.name);
  const records = answer.kind === "found" ? answer.records : [];
  const isRight = records.length === 1 && isSameKey(records[0]!, key.value);
  const { domain, selector } = key;
  return { result: isRight ? "pass" : "fail", because: key.name, domain, selector, algorithm: "", signature: "" };
}

interface Proofs {
  readonly spf: SpfVerdict | undefined;
  readonly dkim: readonly DkimVerdict[];
  readonly isRelayed: boolean;
}

async function dmarcOf(proofs: Proofs, asked: Asked<DeliveryTools>): Promise<SenderProof> {
  const { resolver, delivery } = asked.tools;
  const domain = domainOf(delivery.sender);
  const gathered = gathering(asked, { domain });
  await dmarc.run(gathered, { mx });
  passOn(gathered, asked, { worst: "warning", leaveOut });
  const { policy, organization } = await walkTree(domain, resolver);
  if (policy === undefined) return {};
  const author = { domain, record: policy.record, organization, resolver };
  const steps = await alignmentSteps(author, proofs.spf, proofs.dkim);
  const evidence = steps.map(({ text }) => text);
  const inForce = policyInForce(domain, policy.domain, policy.record);
  const said = { about: domain, values: { policy: inForce }, evidence };
  if (steps.some(({ tone }) => tone === "good")) {
    tell(asked, "delivery.dmarc-passes", said);
    return {};
  }
  if (proofs.spf === undefined) {
    tell(asked, "delivery.dmarc-unknown", said);
    return {};
  }
  const level = { none: "note", quarantine: "warning", reject: "error" } as const;
  const changes = [act("pass-dmarc", { domain })];
  tell(asked, "delivery.dmarc-fails", { ...said, level: level[inForce], changes });
  return { fails: inForce };
}

/** How forged mail is dealt with is not about this message. */
const leaveOut: ReadonlySet<string> = new Set(["dmarc.reports-not-authorised", "dmarc.testing", "dmarc.good"]);
