// Settings that are allowed, and risky or of no use. What the file has wrong never comes so far.
import ipaddr from "ipaddr.js";
import { isPublicAddress } from "../net/public-address.ts";
import type { Config } from "../../config/schema.ts";
import type { Problem } from "../../config/problem.ts";
import { formatDuration } from "../../config/units.ts";
import { act, type Change, finding, type Finding, type FindingId, type Found } from "../finding.ts";
import { dayMs, isLoopback, placeText, quickCheck, say, setting, type QuickQuestion } from "./question.ts";

export const config = quickCheck({
  name: "config",
  needs: ["accounts"],
  async run(asked, { accounts }) {
    const { question } = asked.tools;
    const { submission, oauth } = question.config;
    const others = [submission.dovecot, oauth.jwks_url, oauth.introspection_url];
    const hasLogins =
      others.some((one) => one !== undefined) ||
      accounts.kind === "bad" ||
      (accounts.kind === "there" && accounts.count > 0);
    const risks = [...trustRisks(question), ...listenerRisks(question, { hasLogins }), ...deliveryRisks(question)];
    for (const [id, found] of risks) say(asked, id, { about: question.configFile, ...found });
    const { domain } = question.config;
    if (risks.length === 0)
      say(asked, "config.good", {
        about: question.configFile,
        values: { domains: domain.map(({ name }) => name).join(", ") || undefined },
      });
  },
});

/** What keeps the configuration from being used. */
export const configFaults = (problems: readonly Problem[]): Finding[] =>
  problems.map(({ file, line, key, what, allowed, example }) =>
    finding("config.bad", {
      about: file,
      values: { place: line > 0 ? `${file}:${line}` : file, key: key || undefined, problem: what },
      changes: [act("words", { text: [allowed, ...(example === undefined ? [] : [`Example: ${example}`])].join(" ") })],
    }),
  );

type Risk = readonly [FindingId, Partial<Found>];

/** Networks of the Internet that are wider than this belong to more than one owner. */
const widest = { ipv4: 16, ipv6: 32 } as const;

function isWide(network: string): boolean {
  const [address = "", bits] = network.split("/");
  const parsed = ipaddr.process(address);
  const kind = parsed.kind();
  // 0.0.0.0/1 begins with an address that is nobody's
  return bits !== undefined && Number(bits) < widest[kind] && (Number(bits) < 8 || isPublicAddress(address));
}

function trustRisks(question: QuickQuestion): Risk[] {
  const { relay } = question.config;
  return (["networks", "xclient_networks", "proxy_networks"] as const).flatMap((key) =>
    relay[key].filter(isWide).map((network): Risk => {
      const to = "the networks of your own machines";
      const changes = [setting(question, `${key} in [relay]`, { from: network, to })];
      return [key === "networks" ? "config.relay-wide" : "config.trust-wide", { values: { network, key }, changes }];
    }),
  );
}

type Listen = Config["listen"][number];

const isPublicListener = ({ address }: Listen): boolean => !isLoopback(address.host);

function listenerRisks(question: QuickQuestion, { hasLogins }: { readonly hasLogins: boolean }): Risk[] {
  const { listen, domain } = question.config;
  const open = listen.filter(isPublicListener);
  const relays = open.filter((one) => one.for === "relay");
  const places = listen.map(({ address }) => placeText(address)).join(" and ");
  const risks: Risk[] = [];
  if (open.length === 0 && domain.length > 0)
    risks.push(["config.only-here", { values: { places }, changes: [openToWorld(question)] }]);
  const mx = relays.find(({ address }) => address.port === 25);
  if (mx !== undefined && domain.length === 0)
    risks.push([
      "config.no-domain",
      { values: { place: placeText(mx.address) }, changes: [act("add-domain", { section: "[[domain]]" })] },
    ]);
  for (const { address } of relays.filter(({ tls }) => tls === "none"))
    risks.push([
      "config.no-tls",
      {
        values: { place: placeText(address) },
        changes: [
          setting(question, `tls of the listener at ${placeText(address)}`, { from: '"none"', to: '"starttls"' }),
        ],
      },
    ]);
  const submissions = listen.filter((one) => one.for === "submission").map(({ address }) => placeText(address));
  if (submissions.length > 0 && !hasLogins)
    risks.push([
      "config.no-accounts",
      { values: { places: submissions.join(" and ") }, changes: [act("add-account")] },
    ]);
  return risks;
}

/** Listeners for mail apps stay as they are. */
function openToWorld(question: QuickQuestion): Change {
  const own = question.config.listen.filter((one) => one.for === "relay").map(({ address }) => placeText(address));
  if (own.length === 0) return act("add-listener", { section: "[[listen]]", value: 'address = "*:25"' });
  return setting(question, "address in [[listen]]", { from: own.join(" and "), to: '"*:25"' });
}

function deliveryRisks(question: QuickQuestion): Risk[] {
  const { storage, deliver, retry } = question.config;
  const risks: Risk[] = [];
  if (storage.driver === "memory")
    risks.push([
      "config.memory-store",
      { changes: [setting(question, "driver in [storage]", { from: '"memory"', to: '"sqlite"' })] },
    ]);
  if (deliver.port !== 25)
    risks.push([
      "config.other-port",
      {
        values: { port: deliver.port },
        changes: [setting(question, "port in [deliver]", { from: String(deliver.port), to: "25" })],
      },
    ]);
  if (deliver.tls === "never")
    risks.push([
      "config.sends-clear",
      { changes: [setting(question, "tls in [deliver]", { from: '"never"', to: '"opportunistic"' })] },
    ]);
  if (retry.give_up_after < dayMs) {
    const from = formatDuration(retry.give_up_after);
    const changes = [setting(question, "give_up_after in [retry]", { from: `"${from}"`, to: '"5d"' })];
    risks.push(["config.gives-up-early", { values: { after: from }, changes }]);
  }
  return risks;
}
