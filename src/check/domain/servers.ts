// Each address of each MX host is visited; what it is like as a mail server. RFC 5321 §3.1, §4.1.1.1.
import { addressesOf } from "../../dns/answer.ts";
import { explain } from "../../explain/explain.ts";
import { isWithin, parseDomain } from "../../mail/address.ts";
import { type Reply, replyText } from "../../mail/reply.ts";
import { act, type Change, type Level } from "../finding.ts";
import type { Asked } from "../run.ts";
import { type DomainQuestion, domainCheck, type DomainTools, say } from "./question.ts";
import { removalOf } from "./stale-mx.ts";
import { placeOf, type SmtpVisit, visit, type Visiting } from "./visit.ts";

export const servers = domainCheck({
  name: "servers",
  needs: ["mx", "addresses"],
  async run(asked, { mx, addresses }) {
    const { connector, question } = asked.tools;
    const { port, hello, limits } = question;
    const visits = await Promise.all(
      addresses.map((target) =>
        asked.part(placeOf({ target, port }), limits.visitMs, async (part) => {
          const ask = asksOf(question, target.host);
          const seen = await visit(target, { connector, port, hello, ask, limits, signal: part.signal });
          await tellOf(seen, part);
          return seen;
        }),
      ),
    );
    const done = visits.filter((seen) => seen !== undefined);
    const isBlocked = done.every(({ failed }) => failed?.problem === "timeout" || failed?.problem === "no-route");
    if (done.length > 0 && isBlocked)
      say(asked, "server.port-blocked", { values: { port }, changes: [act("other-network")] });
    // where another one takes the mail, nothing is lost
    const level = done.some(({ greeting }) => greeting?.code === 220) ? "warning" : isBlocked ? "unknown" : "error";
    const isUseful = ({ greeting }: SmtpVisit): boolean => greeting?.code === 220;
    for (const seen of done) {
      const removal = removalOf(seen.target.host, mx, { servers: done, isUseful });
      tellUnreachable(seen, { level, removal }, asked);
    }
    return done;
  },
});

/** A server of ours lets us relay, as it should. */
function asksOf(question: DomainQuestion, host: string): Visiting["ask"] {
  const { domain, hello } = question;
  const foreign = foreignAddress(question);
  const purposes = ["postmaster", "abuse"] as const;
  return [
    ...purposes.map((purpose) => ({ purpose, sender: "", recipient: `${purpose}@${domain}` })),
    ...(host === hello ? [] : [{ purpose: "relay", sender: foreign, recipient: foreign } as const]),
  ];
}

/** Of ourselves, if we have a name: it exists, and that server has nothing to do with it. */
const foreignAddress = ({ domain, hello }: DomainQuestion): string =>
  hello.includes(".") && !isWithin(hello, domain) ? `postmaster@${hello}` : "postmaster@example.net";

async function tellOf(seen: SmtpVisit, asked: Asked<DomainTools>): Promise<void> {
  const { greeting, hello, isOld, failed, ended, target, port } = seen;
  const about = placeOf(seen);
  const values = { host: target.host, address: target.address, port };
  if (failed !== undefined) return; // what that means depends on the others
  if (ended !== undefined) tellEnded(seen, asked);
  if (greeting === undefined) return;
  const refused = greeting.code === 220 ? (hello?.code === 250 ? undefined : hello) : greeting;
  if (refused !== undefined)
    return tellRefused(refused, { about, stage: greeting.code === 220 ? "hello" : "connect" }, asked);
  const problems: Problem[] = [
    ...greetingProblems(greeting),
    ...(hello === undefined ? [] : await helloProblems(hello, target.host, asked)),
    ...(isOld === true ? [{ id: "server.no-ehlo", name: "" } satisfies Problem] : []),
  ];
  for (const { id, name, level } of problems)
    say(asked, id, {
      about,
      ...(level !== undefined && { level }),
      values: { ...values, name },
      changes: [act(id === "server.no-ehlo" ? "new-server" : "set-name")],
      evidence: [replyText(greeting)],
    });
  const isGood = ended === undefined && problems.length === 0;
  if (isGood) say(asked, "server.good", { about, values: { ...values, banner: replyText(greeting) } });
}

interface Unreachable {
  readonly level: Level;
  readonly removal: readonly Change[];
}

function tellUnreachable(seen: SmtpVisit, { level, removal }: Unreachable, asked: Asked<DomainTools>): void {
  const { failed, target, port } = seen;
  if (failed === undefined) return;
  const { problem, text } = failed;
  const { host, address } = target;
  const seconds = asked.tools.question.limits.connectMs / 1_000;
  const said = { about: placeOf(seen), values: { host, address, port, seconds, problem: text, stage: "connect" } };
  const evidence = [text];
  switch (problem) {
    case "refused":
      return say(asked, "server.refused", { ...said, level, evidence, changes: [act("start-server"), ...removal] });
    case "timeout":
      return say(asked, "server.no-answer", { ...said, level, evidence, changes: [act("open-firewall"), ...removal] });
    case "no-route":
      return say(asked, "server.no-route", { ...said, evidence });
    case "reset":
    case "other":
      return say(asked, "server.hangs-up", {
        ...said,
        level,
        evidence,
        changes: [act("see-server-log"), ...removal],
      });
  }
}

function tellEnded(seen: SmtpVisit, asked: Asked<DomainTools>): void {
  const { stage, because, text } = seen.ended!;
  const { host, address } = seen.target;
  const values = { host, address, port: seen.port, stage, said: text, problem: text };
  const said = { about: placeOf(seen), values, evidence: [text] };
  switch (because) {
    case "silent":
      return say(asked, "server.silent", { ...said, changes: [act("see-server-log")] });
    case "not-smtp":
      return say(asked, "server.not-smtp", { ...said, changes: [act("port-to-smtp")] });
    case "closed":
    case "failed":
      return say(asked, "server.hangs-up", { ...said, changes: [act("see-server-log")] });
  }
}

/** It may be about us, or about everybody: explain reads the words. */
export function tellRefused(
  refused: Reply,
  { about, stage }: { readonly about: string; readonly stage: "connect" | "hello" | "rcpt" },
  asked: Asked<DomainTools>,
): void {
  const reply = replyText(refused);
  const { cause, summary, whoActs } = explain({ text: reply, stage });
  say(asked, "server.refuses-us", {
    about,
    values: { reply },
    cause,
    whoActs,
    evidence: [reply],
    changes: [act("read-reply", { summary })],
  });
}

interface Problem {
  readonly id: "server.greeting-name" | "server.hello-name" | "server.no-ehlo";
  readonly name: string;
  readonly level?: Level;
}

const firstWord = ({ lines }: Reply): string => lines[0]?.split(" ")[0] ?? "";

const isFullName = (name: string): boolean => name.includes(".") && parseDomain(name) !== undefined;

function greetingProblems(greeting: Reply): Problem[] {
  const name = firstWord(greeting);
  return isFullName(name) || name.startsWith("[") ? [] : [{ id: "server.greeting-name", name }];
}

async function helloProblems(hello: Reply, host: string, { tools }: Asked<DomainTools>): Promise<Problem[]> {
  const name = firstWord(hello).toLowerCase();
  const { domain } = tools.question;
  // a provider's servers that receive are often not those that send
  const wrong: Problem[] = [{ id: "server.hello-name", name, ...(!isWithin(host, domain) && { level: "note" }) }];
  if (name.startsWith("[")) return [];
  if (!isFullName(name)) return wrong;
  const { addresses, failure } = await addressesOf(name, tools.resolver);
  return addresses.length === 0 && failure === undefined ? wrong : [];
}
