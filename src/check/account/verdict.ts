// The verdict: what works, what does not, why, and what to set, in sentences that somebody understands who has never heard of
// SMTP. Made of what came of trying, as data; its words are in languages/.
import type { ServerSettings } from "../../autoconfig/settings.ts";
import type { Values } from "../finding.ts";
import type { Refusal } from "../server/refusal.ts";
import type { verdictTexts } from "./verdict-texts.ts";
import { otherPlace } from "./compare.ts";
import type { AccountFacts, AccountQuestion, Wanted } from "./question.ts";
import type { Problem, Tried } from "./tried.ts";
import { differencesOf, placeWords } from "./typed.ts";
import { securityNames } from "../server/place.ts";

export type SentenceId = keyof typeof verdictTexts;

export interface Sentence {
  readonly id: SentenceId;
  readonly about: "receive" | "send" | "message";
  readonly values: Values;
}

/** What is known in the end; a check that did not come to its end knows nothing. */
export type Learned = { readonly [Name in keyof AccountFacts]?: AccountFacts[Name] | undefined };

const nothingWanted: Wanted = { incoming: [], outgoing: [], vouchedHosts: [] };

export function verdictOf(question: AccountQuestion, learned: Learned): Sentence[] {
  const { receive = [], send = [], message = { kind: "not-sent" }, settings = nothingWanted } = learned;
  const { domain } = question;
  if (receive.length + send.length === 0) {
    const id = settings.hasNoDomain ? "no-such-domain" : settings.isDnsSilent ? "nothing-known" : "nothing-to-try";
    return [{ id, about: "receive", values: { domain } }];
  }
  const refused = message.kind === "refused" ? message.problem : undefined;
  const sent = send.map((one): Tried => (refused === undefined || one.problem ? one : { ...one, problem: refused }));
  const isOne = receive.length === 1;
  const statements = [
    ...receive.map((one) => statement(question, one, { about: "receive", wanted: settings, isOne })),
    ...sent.map((one) => statement(question, one, { about: "send", wanted: settings, isOne: true })),
  ];
  return [...saidOnce(statements), ...fateOf(message.kind)];
}

/** One reason that keeps everything from working, such as a wrong password, is not told for each server again. */
function saidOnce(statements: readonly (readonly Sentence[])[]): Sentence[] {
  const [first = [], ...others] = statements;
  const keyOf = (sentences: readonly Sentence[]): string =>
    JSON.stringify(sentences.slice(1).map(({ id, values }) => [id, values["typed"], values["to"]]));
  const isSame = first.length > 1 && others.every((other) => other.length > 1 && keyOf(other) === keyOf(first));
  if (!isSame || others.length === 0) return statements.flat();
  const isBoth = others.some((other) => other[0]?.about !== first[0]?.about);
  return [{ ...first[0]!, id: isBoth ? "all-fail" : first[0]!.id, values: {} }, ...first.slice(1)];
}

function fateOf(kind: NonNullable<Learned["message"]>["kind"]): Sentence[] {
  switch (kind) {
    case "not-sent":
    case "refused":
      return [];
    case "found":
    case "in-junk":
    case "not-found":
    case "not-looked-for":
      return [{ id: `message-${kind}`, about: "message", values: {} }];
  }
}

interface Stating {
  readonly about: "receive" | "send";
  readonly wanted: Wanted;
  /** There is no other of its kind: which it is need not be said. */
  readonly isOne: boolean;
}

function statement(question: AccountQuestion, tried: Tried, { about, wanted, isOne }: Stating): Sentence[] {
  const { server, problem, username } = tried;
  const values = isOne ? {} : { protocol: server.protocol.toUpperCase() };
  const sentence = (id: SentenceId, said: Values = {}): Sentence => ({ id, about, values: { ...values, ...said } });
  if (problem === undefined) return [sentence(username === undefined ? `${about}-answers` : `${about}-works`)];
  const { host, port } = server;
  const typed = tried.isTyped && isAboutSecurity(problem) ? placeWords(server) : undefined;
  const because = sentence(reasonOf(problem), { host, port, typed, address: question.address, ...detailsOf(problem) });
  return [
    sentence(`${about}-fails`),
    because,
    ...remedies(tried, problem, wanted).map(({ id, said }) => sentence(id, said)),
  ];
}

/** The words name what was typed. */
const isAboutSecurity = ({ kind }: Problem): boolean =>
  kind === "tls-expected" || kind === "text-expected" || kind === "clear-text";

const reasonOf = (problem: Problem): SentenceId =>
  problem.kind === "login" ? `login-${problem.refusal}` : problem.kind;

const detailsOf = (problem: Problem): Values =>
  problem.kind === "username"
    ? { username: problem.username, works: problem.works }
    : "reply" in problem
      ? { reply: problem.reply }
      : {};

interface Remedy {
  readonly id: SentenceId;
  readonly said?: Values;
}

/** What a person can do; where the settings are as they should be, only the provider can. */
function remedies(tried: Tried, problem: Problem, wanted: Wanted): Remedy[] {
  const { instead, server } = tried;
  switch (problem.kind) {
    case "username":
      return [
        { id: "set-username", said: { to: problem.works } },
        ...(instead === undefined ? [] : setTo(server, instead, wanted)),
      ];
    case "no-network":
    case "dns":
      return [{ id: "try-online" }];
    case "full":
      return [{ id: "make-room" }];
    case "limit":
      return [{ id: "send-tomorrow" }];
    case "sender":
      return [{ id: "set-sender" }];
    case "login":
      return instead === undefined ? [{ id: forRefusal[problem.refusal] }] : setTo(server, instead, wanted);
    case "inbox":
    case "recipient":
    case "content":
      return [{ id: "ask-provider" }];
    case "no-such-name":
    case "unreachable":
    case "not-mail":
    case "tls-expected":
    case "text-expected":
    case "no-starttls":
    case "no-tls":
    case "certificate":
    case "clear-text":
    case "turned-away":
    case "broken-off":
    case "no-login":
      if (instead !== undefined) return setTo(server, instead, wanted);
      return [{ id: tried.isTyped && wanted.source === undefined ? "ask-for-names" : "ask-provider" }];
  }
}

function setTo(server: ServerSettings, instead: ServerSettings, wanted: Wanted): Remedy[] {
  const other = otherPlace(server, instead, wanted);
  const otherSecurity = other && securityNames[other.security];
  const otherPort = other?.port === server.port ? undefined : other?.port;
  return differencesOf(server, instead).map(({ setting, to }) => ({
    id: `set-${setting}`,
    said: {
      to,
      ...(setting === "security" && otherPort !== undefined && { otherPort, otherSecurity }),
      ...(setting === "port" && otherPort === undefined && { otherSecurity }),
    },
  }));
}

const forRefusal: Readonly<Record<Refusal, SentenceId>> = {
  wrong: "type-password",
  oauth: "use-oauth",
  "app-password": "make-app-password",
  "switched-off": "switch-on",
  "switched-off-by-admin": "ask-admin",
  locked: "ask-provider",
  expired: "new-password",
  browser: "log-in-browser",
  "needs-tls": "ask-for-names",
  "too-many": "wait",
  "failed-too-often": "wait-for-logins",
  "in-use": "wait",
  unavailable: "wait",
  "contact-admin": "ask-provider",
};
