// The resolver of the machine, or the servers of the setting dns.servers, asked by Node's c-ares. RFC 1035 §4.1.1.
import { Resolver as NodeResolver } from "node:dns/promises";
import { withOddNames } from "./odd-names.ts";
import type { Answer, MxRecord, Resolver } from "./resolver.ts";
import { reverseName } from "./reverse-name.ts";

interface SystemResolverSettings {
  /** `ADDRESS`, `ADDRESS:PORT` or `[IPv6]:PORT`; empty: the machine's own. */
  readonly servers: readonly string[];
  /** Longest wait for one answer, all tries at all servers together. */
  readonly timeoutMs: number;
}

/** RFC 6761 §6.3: `localhost` is the loopback address and no question for a server. */
const loopback: Readonly<Record<"a" | "aaaa", string>> = { a: "127.0.0.1", aaaa: "::1" };

/** Throws at once, with words, when a server's address cannot be used. */
export function createResolver({ servers, timeoutMs }: SystemResolverSettings): Resolver {
  for (const server of servers) checkServer(server);
  const serverCount = servers.length || new NodeResolver().getServers().length;
  // c-ares looks at its clock only once per `timeout`, so a try takes up to twice as long: half of the fair share
  // lets each server, or the only one twice, be asked within the limit
  const tryMs = Math.ceil(timeoutMs / (2 * Math.max(2, serverCount)));

  const ask = async <R, T>(question: (by: NodeResolver) => Promise<R[]>, read: (raw: R) => T): Promise<Answer<T>> => {
    // One instance for each question (20 µs): only so can a question be cancelled alone, and a shared one learns
    // time-outs of its own from quick answers, which cut slow ones off long before the limit.
    const node = new NodeResolver({ timeout: tryMs, maxTimeout: tryMs, tries: 4 });
    if (servers.length > 0) node.setServers(servers);
    const limit = setTimeout(() => node.cancel(), timeoutMs);
    try {
      const records = await question(node);
      return records.length === 0 ? { kind: "no-data" } : { kind: "found", records: records.map(read) };
    } catch (error) {
      return readError(error);
    } finally {
      clearTimeout(limit);
    }
  };
  const same = (text: string): string => text;
  const address = (type: "a" | "aaaa", name: string): Promise<Answer<string>> =>
    isLocalhost(name)
      ? Promise.resolve({ kind: "found", records: [loopback[type]] })
      : ask((node) => (type === "a" ? node.resolve4(name) : node.resolve6(name)), same);

  const usual: Resolver = {
    mx: (name) =>
      isLocalhost(name) ? Promise.resolve({ kind: "no-data" }) : ask((node) => node.resolveMx(name), readMx),
    a: (name) => address("a", name),
    aaaa: (name) => address("aaaa", name),
    txt: (name) => ask((node) => node.resolveTxt(name), joined),
    ptr: async (text) => {
      // not `reverse`, which reads /etc/hosts too
      const name = reverseName(text);
      return name === undefined ? { kind: "no-such-domain" } : ask((node) => node.resolvePtr(name), hostText);
    },
  };
  return withOddNames(usual, { servers, timeoutMs });
}

const isLocalhost = (name: string): boolean => /^localhost\.?$/i.test(name);

const hostText = (name: string): string => name.toLowerCase().replace(/\.$/, "");

/** RFC 7208 §3.3: the strings of one record, without spaces between. */
const joined = (strings: readonly string[]): string => strings.join("");

const readMx = ({ priority, exchange }: { priority: number; exchange: string }): MxRecord => ({
  preference: priority,
  exchange: hostText(exchange),
});

function checkServer(server: string): void {
  try {
    new NodeResolver().setServers([server]);
  } catch (error) {
    throw new Error(
      `dns.servers: "${server}" is not the address of a server. Write an address, or an address and a port: "192.0.2.53", "192.0.2.53:5353", "[2001:db8::53]:53".`,
      { cause: error },
    );
  }
}

/** c-ares' codes. ENODATA and ENOTFOUND are the two that mean "surely not"; all others mean "ask again". */
function readError(error: unknown): Exclude<Answer<never>, { kind: "found" }> {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  switch (code) {
    case "ENOTFOUND":
    case "EBADNAME": // an empty or overlong label: no server can know such a name
      return { kind: "no-such-domain" };
    case "ENODATA":
      return { kind: "no-data" };
    case "ETIMEOUT":
    case "ECANCELLED": // by our own limit
      return { kind: "timeout" };
    default:
      return { kind: "server-failure", text: error instanceof Error ? error.message : String(error) };
  }
}
