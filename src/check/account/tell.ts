// What came of trying a server, as findings: those of `check server`, and what is in the way once logged in.
import { explain } from "../../explain/explain.ts";
import { act, type Change, type Finding, type FindingId } from "../finding.ts";
import type { Asked } from "../run.ts";
import { findingsOf } from "../server/tell.ts";
import { wordsOf } from "../words.ts";
import { mending } from "./mending.ts";
import { type AccountTools, say, type Source } from "./question.ts";
import type { Problem, Tried } from "./tried.ts";
import { serverText } from "./typed.ts";
import type { ServerSettings } from "../../autoconfig/settings.ts";

/** What is in order about a server is told in one line, by those who tried it. `source`: where it comes from, if not from the person. */
export function tellOf(asked: Asked<AccountTools>, tried: Tried, source: Source | undefined): void {
  const { server, problem, inspection, username, isTyped, isKeptFrom } = tried;
  const { world, dnsServers } = asked.tools;
  for (const finding of findingsOf(inspection, { now: world.now(), dnsServers })) {
    const isSaid = finding.level === "good" || finding.id === "login.not-tried"; // what is in the way tells more
    if (isSaid) continue;
    if (finding.id === "certificate.other-name" && isNamedBy(source, server.host)) asked.found(ofProvider(finding));
    else if (isTyped || source === undefined || source.name === "guess" || !isOfSetting(finding)) asked.found(finding);
    else tellWrongSource(asked, { server, source, finding });
  }
  const isToldAlready = problem?.kind === "broken-off" && username === undefined;
  if (problem !== undefined && !isToldAlready) tellProblem(asked, server, problem);
  if (isKeptFrom && problem === undefined)
    say(asked, "settings.password-kept", {
      about: serverText(server),
      values: { host: server.host, option: optionOf(server) },
      changes: [act("confirm-server", { option: optionOf(server) })],
    });
}

/** On the command line. */
const optionOf = ({ protocol, host, port, security }: ServerSettings): string =>
  `--${protocol} ${host}:${port}/${security}`;

const isNamedBy = (source: Source | undefined, host: string): boolean =>
  source !== undefined &&
  source.name !== "guess" &&
  [...source.settings.incoming, ...source.settings.outgoing].some((server) => server.host === host);

/** The server name is the one that its settings say: the certificate has to follow. */
const ofProvider = (finding: Finding): Finding => ({
  ...finding,
  whoActs: "recipient-admin",
  changes: [act("certificate-for-name")],
});

/** Which the person could mend, if it were the person's. */
const isOfSetting = ({ id, whoActs }: Finding): boolean =>
  whoActs === "sender" && /^(?:name|connection\.other-port|greeting|security)\b/.test(id);

/** Everybody who follows the source meets it. */
function tellWrongSource(
  asked: Asked<AccountTools>,
  { server, source, finding }: { readonly server: ServerSettings; readonly source: Source; readonly finding: Finding },
): void {
  const { at: url } = source;
  const values = { url, server: serverText(server), problem: wordsOf(finding).found };
  const said = { about: url, values, evidence: finding.evidence, changes: [mending(source)] };
  say(asked, "settings.wrong", { ...said, ...(finding.cause !== undefined && { cause: finding.cause }) });
}

type AfterLogin = "inbox" | "full" | "limit" | "sender" | "recipient" | "content";

const ids: Readonly<Record<AfterLogin, FindingId>> = {
  inbox: "receive.inbox",
  full: "account.full",
  limit: "send.limit",
  sender: "send.sender-refused",
  recipient: "send.recipient-refused",
  content: "send.message-refused",
};

const changes: Readonly<Record<AfterLogin, readonly Change[]>> = {
  inbox: [act("ask-provider-inbox")],
  full: [act("make-room")],
  limit: [act("send-tomorrow"), act("ask-for-more")],
  sender: [act("own-sender"), act("allow-sender")],
  recipient: [act("ask-provider-recipient")],
  content: [],
};

/** What the inspection of a server does not see: what happens once logged in. */
export function tellProblem(asked: Asked<AccountTools>, server: ServerSettings, problem: Problem): void {
  switch (problem.kind) {
    case "inbox":
    case "full":
    case "limit":
    case "sender":
    case "recipient":
    case "content": {
      const { kind, reply } = problem;
      const { host } = server;
      const { summary } = explain({ text: reply, stage: kind === "content" ? "data" : "rcpt" });
      const todo = kind === "content" ? [act("read-refusal", { summary })] : changes[kind];
      const said = { about: serverText(server), values: { host, reply }, evidence: [reply], changes: todo };
      return say(asked, ids[kind], said);
    }
    case "broken-off":
      return say(asked, "account.broken-off", {
        about: serverText(server),
        values: { reply: problem.reply },
        evidence: [problem.reply],
        changes: [act("try-once-more")],
      });
    // told by the inspection
    case "no-such-name":
    case "dns":
    case "no-network":
    case "unreachable":
    case "not-mail":
    case "tls-expected":
    case "text-expected":
    case "no-starttls":
    case "no-tls":
    case "certificate":
    case "clear-text":
    case "turned-away":
    case "no-login":
    case "login":
    case "username":
  }
}
