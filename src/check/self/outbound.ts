// Can we reach mail servers of others? One connection each, to hosts that the operator named or that we send to anyway; it is
// closed after the greeting, without a command.
import { replyText } from "../../mail/reply.ts";
import { roughDuration } from "../../mail/failure-text.ts";
import { act } from "../finding.ts";
import type { ConnectProblem } from "../net/connector.ts";
import { smtpTalk, TalkEnded } from "../net/smtp-talk.ts";
import type { Asked } from "../run.ts";
import { clockDifference } from "./clock.ts";
import type { ServerSeen } from "./ports.ts";
import { say, selfCheck, type SelfTools } from "./question.ts";

const section = "[[route]]"; // brackets in words have a meaning of their own

/** More would tell no more of our own network. */
const mostHosts = 4;

export const outbound = selfCheck({
  name: "outbound",
  needs: ["running"],
  async run(asked, { running }) {
    const targets = await targetsFor(asked, running);
    const seen = await Promise.all(targets.map((target) => visit(target, asked)));
    const visits = seen.filter((one) => one !== undefined);
    if (visits.length === 0)
      return say(asked, "outbound.nobody-named", { about: "port 25", changes: [act("name-probe")] });
    for (const one of visits) tellOf(one, asked);
    const direct = visits.filter(({ isRoute }) => !isRoute);
    const { port } = asked.tools.question.config.deliver;
    if (direct.length > 0 && direct.every(({ ended }) => ended === "timeout" || ended === "no-route")) {
      const hosts = direct.map(({ about }) => about).join(", ");
      say(asked, "outbound.blocked", {
        about: `port ${port}`,
        values: { port, hosts },
        changes: [act("open-port-25", { port }), act("use-smarthost", { section })],
      });
    }
  },
});

interface Target {
  readonly host: string;
  readonly port: number;
  /** Of a [[route]]; else a domain, whose MX is meant. */
  readonly isRoute: boolean;
}

/** Who is named; else, where all or most mail goes; else, whom the server has to do with now; else, other MX of our domains. */
async function targetsFor({ tools }: Asked<SelfTools>, running: ServerSeen): Promise<readonly Target[]> {
  const { question, server } = tools;
  const { config, probes } = question;
  const { port } = config.deliver;
  const named = probes.map((host): Target => ({ host, port, isRoute: false }));
  if (named.length > 0) return named.slice(0, mostHosts);
  const routes = config.route.map((route): Target => ({ host: route.host, port: route.port, isRoute: true }));
  if (config.route.some(({ to, from }) => to === undefined && from === undefined)) return routes.slice(0, mostHosts);
  const known = running.kind === "running" ? (await server.queue()).destinations : [];
  const domains = [...known.flatMap(({ domains }) => domains.slice(-1)), ...config.domain.map(({ name }) => name)];
  const others = [...new Set(domains)].map((host): Target => ({ host, port, isRoute: false }));
  return [...routes, ...others].slice(0, mostHosts);
}

interface Visit extends Pick<Target, "isRoute"> {
  readonly about: string;
  readonly ended: ConnectProblem | "greeted" | "turned-away" | "mute";
  readonly text: string;
}

/** Undefined: there is no such host, or it is we. */
async function visit({ host, port, isRoute }: Target, { tools, signal }: Asked<SelfTools>): Promise<Visit | undefined> {
  const { resolver, connector, question, machine } = tools;
  const mx = isRoute ? undefined : await resolver.mx(host);
  const name = mx?.kind === "found" ? mx.records.toSorted((a, b) => a.preference - b.preference)[0]!.exchange : host;
  if (name === "" || name === question.hostname) return undefined;
  const found = await resolver.a(name);
  const address = found.kind === "found" ? found.records.find((one) => !machine.addresses.includes(one)) : undefined;
  if (address === undefined) return undefined;
  const about = `${name} [${address}]:${port}`;
  const connected = await connector.connect(
    { host: name, address, port },
    { timeoutMs: question.limits.connectMs, signal },
  );
  if (connected.kind === "failed") return { about, isRoute, ended: connected.problem, text: connected.text };
  try {
    const reply = await smtpTalk(connected.line, question.limits.replyMs).greeting();
    return { about, isRoute, ended: reply.code === 220 ? "greeted" : "turned-away", text: replyText(reply) };
  } catch (error) {
    if (!(error instanceof TalkEnded)) throw error;
    return { about, isRoute, ended: "mute", text: error.end.text };
  } finally {
    connected.line.close();
  }
}

function tellOf({ about, isRoute, ended, text }: Visit, asked: Asked<SelfTools>): void {
  const values = { problem: text, reply: text };
  const evidence = [text];
  switch (ended) {
    case "greeted": {
      const difference = clockDifference(text, asked.tools.world.now());
      if (difference !== undefined) {
        const ahead = difference > 0 ? roughDuration(difference) : undefined;
        const behind = difference > 0 ? undefined : roughDuration(-difference);
        say(asked, "clock.differs", { about, values: { ahead, behind }, evidence, changes: [act("set-clock")] });
      }
      return say(asked, "outbound.good", { about, values, evidence });
    }
    case "turned-away":
      return say(asked, "server.refuses-us", {
        about,
        whoActs: "sender-admin",
        values,
        evidence,
        changes: [act("read-reply", { summary: text })],
      });
    case "timeout":
    case "no-route":
    case "refused":
    case "reset":
    case "other":
    case "mute":
      if (isRoute)
        return say(asked, "outbound.route-silent", {
          about,
          values: { ...values, section },
          evidence,
          changes: [act("see-route-host", { section })],
        });
      return say(asked, "outbound.no-answer", { about, values, evidence, changes: [act("probe-another")] });
  }
}
