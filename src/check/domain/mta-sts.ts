// MTA-STS: the record, the policy over HTTPS without a redirect, and whether the MX hosts keep it. RFC 8461.
import { explainHttp } from "../../explain/http.ts";
import {
  isStsRecord,
  namesHost,
  readStsPolicy,
  type StsPolicy,
  stsPolicyPath,
  stsRecordFault,
} from "../../mail/sts-policy.ts";
import { txt } from "../dns-record.ts";
import { act, publish } from "../finding.ts";
import type { Asked } from "../run.ts";
import { sayTrouble } from "./dns-trouble.ts";
import { tellOfMisplaced } from "./misplaced.ts";
import { domainCheck, type DomainTools, say } from "./question.ts";
import { certificateProblems } from "./tls.ts";
import { placeOf, type SmtpVisit } from "./visit.ts";

export const mtaSts = domainCheck({
  name: "mta-sts",
  needs: ["mx"],
  async run(asked, { mx }) {
    if (mx.kind !== "hosts" && mx.kind !== "implicit") return undefined;
    const isThere = await lookAtRecord(asked);
    return isThere ? fetchPolicy(asked) : undefined;
  },
});

/** True: it promises a policy. */
async function lookAtRecord(asked: Asked<DomainTools>): Promise<boolean> {
  const { resolver, question, world } = asked.tools;
  const name = `_mta-sts.${question.domain}`;
  const answer = await resolver.txt(name);
  switch (answer.kind) {
    case "server-failure":
    case "timeout":
      sayTrouble(asked, name, answer);
      return false;
    case "no-such-domain":
    case "no-data":
      await tellNone(name, asked);
      return false;
    case "found": {
      const similar = answer.records.filter((text) => /sts/i.test(text));
      const records = similar.filter(isStsRecord);
      const [record = similar[0]] = records;
      if (record === undefined) {
        await tellNone(name, asked); // what else stands there is not meant; RFC 8461 §3.1
        return false;
      }
      const value = `v=STSv1; id=${new Date(world.now()).toISOString().replaceAll(/\D/g, "").slice(0, 14)}`;
      const changes = [publish(txt(name, value), answer.records)];
      const count = records.length;
      const fault = stsRecordFault(record);
      if (count > 1) say(asked, "mta-sts.several-records", { values: { count }, evidence: records, changes });
      else if (fault !== undefined)
        say(asked, "mta-sts.record", { values: { problem: fault }, evidence: answer.records, changes });
      return count <= 1 && fault === undefined;
    }
  }
}

async function tellNone(name: string, asked: Asked<DomainTools>): Promise<void> {
  const { domain } = asked.tools.question;
  if (await tellOfMisplaced({ what: "MTA-STS", name, isIt: isStsRecord, alsoAt: [domain], isOfReceiver: true }, asked))
    return;
  say(asked, "mta-sts.none", { changes: [act("sts-begin", { url: policyUrl(domain), name })] });
}

const policyUrl = (domain: string): string => `https://mta-sts.${domain}${stsPolicyPath}`;

async function fetchPolicy(asked: Asked<DomainTools>): Promise<StsPolicy | undefined> {
  const { web, question } = asked.tools;
  const url = policyUrl(question.domain);
  const fetched = await web.get(url, { timeoutMs: question.limits.fetchMs, signal: asked.signal });
  if (fetched.kind === "failed") {
    const isName = fetched.problem === "certificate";
    const values = { url, problem: fetched.text };
    const changes = [act(isName ? "sts-certificate" : "sts-start-web", { url })];
    say(asked, isName ? "mta-sts.certificate" : "mta-sts.not-reachable", { values, changes });
    return undefined;
  }
  const { status, location, text, contentType } = fetched;
  if (status !== 200) {
    const request = { method: "GET", purpose: "mta-sts-policy", ...(location !== undefined && { location }) } as const;
    const { name, meaning, redirect, whoActs } = explainHttp(status, request);
    const evidence = [`${status} ${name}`, ...(redirect === undefined ? [] : [redirect.asks, redirect.why])];
    say(asked, redirect === undefined ? "mta-sts.not-found" : "mta-sts.redirected", {
      values: { url, status, location, meaning: `${name}: ${meaning}` },
      whoActs,
      evidence,
      changes: [act("sts-serve", { url })],
    });
    return undefined;
  }
  // RFC 8461 §3.2: senders should make sure of it
  if (!/^text\/plain\b/i.test(contentType))
    say(asked, "mta-sts.content-type", { values: { url, contentType }, changes: [act("sts-text", { url })] });
  return lookAtPolicy(text, url, asked);
}

/** A day; RFC 8461 §3.2 advises weeks. */
const shortestAgeSeconds = 86_400;

function lookAtPolicy(text: string, url: string, asked: Asked<DomainTools>): StsPolicy | undefined {
  const policy = readStsPolicy(text);
  const evidence = text.split(/\r?\n/).slice(0, 20);
  if (typeof policy === "string") {
    const values = { problem: policy, url };
    say(asked, "mta-sts.policy", { values, evidence, changes: [act("sts-correct-policy", values)] });
    return undefined;
  }
  const { mode, mx, maxAgeSeconds } = policy;
  const isShort = maxAgeSeconds < shortestAgeSeconds;
  if (isShort)
    say(asked, "mta-sts.short-life", { values: { seconds: maxAgeSeconds }, evidence, changes: [act("sts-longer")] });
  if (mode !== "enforce") say(asked, "mta-sts.mode", { values: { mode }, evidence, changes: [act("sts-enforce")] });
  else if (!isShort) say(asked, "mta-sts.good", { values: { mode, patterns: mx.join(", ") }, evidence });
  return policy;
}

export const mtaStsMx = domainCheck({
  name: "mta-sts-mx",
  needs: ["mx", "mta-sts", "servers"],
  async run(asked, { mx, "mta-sts": policy, servers }) {
    if (policy === undefined || policy.mode === "none") return;
    const { mode, mx: patterns } = policy;
    // while it is only tried out, nothing is lost
    const level = mode === "enforce" ? "error" : "warning";
    // what has no address is a mistake of the MX record, and not of the policy
    const unnamed = mx.hosts.filter(
      (host) => !namesHost(patterns, host) && servers.some(({ target }) => target.host === host),
    );
    for (const host of unnamed)
      say(asked, "mta-sts.mx-not-named", {
        level,
        about: host,
        values: { host, mode },
        evidence: patterns,
        changes: [act("sts-name-mx", { host })],
      });
    const failing = servers.flatMap((seen) => {
      const problem = problemOf(seen, asked);
      return problem === undefined ? [] : [{ seen, problem }];
    });
    for (const { seen, problem } of failing) {
      const { host } = seen.target;
      const changes = [act("sts-mend-mx", { host })];
      say(asked, "mta-sts.mx-fails", { level, about: placeOf(seen), values: { host, problem }, changes });
    }
    if (unnamed.length === 0 && failing.length === 0 && servers.some(({ offered }) => offered !== undefined))
      say(asked, "mta-sts.mx-good");
  },
});

/** Why a sender that honours a policy does not deliver there; of those that were reached. */
function problemOf({ offered, tls, target }: SmtpVisit, { tools }: Asked<DomainTools>): string | undefined {
  if (offered === undefined) return undefined;
  if (tls === undefined) return offered.startTls ? undefined : "no STARTTLS";
  if (tls.kind === "refused") return "STARTTLS is refused";
  if (tls.kind === "failed") return `the handshake fails: ${tls.text}`;
  const problems = certificateProblems(tls.tls, { host: target.host, now: tools.world.now() });
  const worst = problems.find(({ id }) => id !== "tls.expires-soon");
  return worst === undefined ? undefined : certificateWords[worst.id];
}

const certificateWords: Partial<Record<string, string>> = {
  "tls.expired": "its certificate has expired",
  "tls.not-yet-valid": "its certificate is not valid yet",
  "tls.other-name": "its certificate is for another name",
  "tls.self-signed": "its certificate is self-signed",
  "tls.not-trusted": "its certificate cannot be traced to an authority",
};
