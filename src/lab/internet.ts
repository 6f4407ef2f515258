// The lab's pretend internet: its residents' mail hosts on loopback addresses, and the DNS that leads to them.
import type { World } from "../base/world.ts";
import { parseZone } from "../dns/zone.ts";
import { type Resident, residents } from "./characters.ts";
import { startDnsServer } from "./dns-server.ts";
import { type Host, type Mail, startHost } from "./host.ts";

export interface Delivered extends Mail {
  /** "anna's" domain: the resident that got it. */
  readonly domain: string;
}

interface InternetOptions {
  readonly world: World;
  /** PEM; for the hosts' STARTTLS. */
  readonly certificate: { readonly key: string; readonly cert: string };
  readonly onMail: (mail: Delivered) => void;
  /** Who lives there; without it, everybody. */
  readonly names?: readonly string[];
  /** They live there too. */
  readonly newcomers?: readonly Resident[];
}

export interface Internet {
  /** "127.0.0.1:5353" */
  readonly dns: string;
  /** Where all hosts listen, each on its own address. */
  readonly smtpPort: number;
  close(): Promise<void>;
}

/** First of the hosts' addresses: 127.0.0.9 is left free, for hosts that are down. */
const firstAddress = 10;

export async function startInternet(options: InternetOptions): Promise<Internet> {
  await using opened = new AsyncDisposableStack();
  const settled = residents.filter(({ name }) => options.names?.includes(name) ?? true);
  const living = [...settled, ...(options.newcomers ?? [])];
  let smtpPort = 0;
  const zone: string[] = [];
  for (const [i, resident] of living.entries()) {
    const address = `127.0.0.${firstAddress + i}`;
    zone.push(...zoneOf(resident, address));
    if (resident.character === undefined) continue;
    const open = (): Promise<Host> => startHost({ ...hostOf(resident, options), address, port: smtpPort });
    if (resident.downUntilNoon) opened.use(openAtNoon(open, options.world));
    else {
      const host = await open();
      opened.defer(() => host.close());
      smtpPort = host.port;
    }
  }
  const dns = await startDnsServer({ zone: parseZone(zone.join("\n")) });
  opened.defer(() => dns.close());
  const running = opened.move();
  return { dns: `${dns.address}:${dns.port}`, smtpPort, close: () => running.disposeAsync() };
}

const hostOf = ({ name, character = {} }: Resident, { world, certificate, onMail }: InternetOptions) => ({
  name: `mx.${name}.lab`,
  character,
  now: () => world.now(),
  ...(name !== "brokentls" && { certificate }),
  onMail: (mail: Mail) => onMail({ ...mail, domain: `${name}.lab` }),
});

function zoneOf({ name, zone = ["@ MX 10 mx.@", "mx.@ A #"] }: Resident, address: string): string[] {
  return zone.map((line) => line.replaceAll("@", `${name}.lab`).replaceAll("#", address));
}

/** A host that begins to listen at the next noon of the lab's time (UTC). */
function openAtNoon(open: () => Promise<Host>, world: World): AsyncDisposable {
  const stop = new AbortController();
  const noonMs = 12 * 3_600_000;
  const dayMs = 2 * noonMs;
  const waitMs = (noonMs - (world.now() % dayMs) + dayMs) % dayMs;
  const opening = world.sleep(waitMs, stop.signal).then(() => (stop.signal.aborted ? undefined : open()));
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await (await opening)?.close();
    },
  };
}
