// Where nobody says which servers a domain has: the usual names, and which of them listen. As apps do in the end.
import type { AppProtocol, AppSettings, ServerSettings } from "../../autoconfig/settings.ts";
import type { Asked } from "../run.ts";
import { type ServerProtocol, usualPlaces } from "../server/place.ts";
import { mxHosts, organizationOf } from "./dns-names.ts";
import type { AccountTools } from "./question.ts";

/** What stands before the domain, the most usual first. */
const usualNames: Readonly<Record<AppProtocol, readonly string[]>> = {
  imap: ["imap", "mail"],
  pop3: ["pop", "pop3", "mail"],
  smtp: ["smtp", "mail"],
};

export const serverProtocolOf = (protocol: AppProtocol): ServerProtocol =>
  protocol === "smtp" ? "submission" : protocol;

/** What listens under the usual names; connects to each once, and says nothing. */
export async function guess(asked: Asked<AccountTools>): Promise<AppSettings> {
  const { domain } = asked.tools.question;
  const mx = (await mxHosts(asked, domain)).filter((host) => organizationOf(host) === organizationOf(domain));
  const [imap, pop3, smtp] = await Promise.all(
    (["imap", "pop3", "smtp"] as const).map((protocol) => {
      const hosts = [...usualNames[protocol].map((name) => `${name}.${domain}`), ...mx, domain];
      return listening(asked, protocol, [...new Set(hosts)]);
    }),
  );
  return { incoming: [...imap!, ...pop3!], outgoing: smtp!, pages: [] };
}

/** The best that answers, if one does. */
async function listening(
  asked: Asked<AccountTools>,
  protocol: AppProtocol,
  hosts: readonly string[],
): Promise<ServerSettings[]> {
  const places = hosts.flatMap((host) => usualPlaces[serverProtocolOf(protocol)].map((usual) => ({ host, ...usual })));
  const answers = await Promise.all(places.map((place) => answersAt(asked, place)));
  const first = places.find((_place, i) => answers[i]);
  return first === undefined ? [] : [{ protocol, ...first, logins: [] }];
}

async function answersAt(
  { tools, signal }: Asked<AccountTools>,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<boolean> {
  const { resolver, connector, question } = tools;
  const [a, aaaa] = await Promise.all([resolver.a(host), resolver.aaaa(host)]);
  const found = [a, aaaa].find(({ kind }) => kind === "found");
  const address = found?.kind === "found" ? found.records[0] : undefined;
  if (address === undefined) return false;
  const limit = { timeoutMs: question.limits.connectMs, signal };
  const connected = await connector.connect({ host, address, port }, limit);
  if (connected.kind === "open") connected.line.close();
  return connected.kind === "open";
}
