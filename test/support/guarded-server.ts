// A Waybill that takes mail for here.example from strangers at any address (told by XCLIENT), in a DNS of the test's making.
import { startDnsServer } from "../../src/lab/dns-server.ts";
import { parseZone, type Zone } from "../../src/dns/zone.ts";
import type { Event } from "../../src/journal/event.ts";
import { routeTo, type RunningServer, runServer, type Settings } from "./running-server.ts";
import { everyExtension, startSink } from "./sink.ts";
import { connectClient, type SmtpClient } from "./smtp-client.ts";

export interface Stranger {
  /** Its address. */
  readonly ip: string;
  readonly helo: string;
  /** HELO as XCLIENT states it, in xtext, where the EHLO command could not. */
  readonly xhelo?: string;
  /** Reverse-path. */
  readonly from: string;
  readonly to?: readonly string[];
}

export interface Told {
  /** To the command that ended it, or to the final dot. */
  readonly reply: string;
  /** What the journal says: it was received, or refused. */
  readonly event: Extract<Event, { kind: "received" | "refused" }>;
  /** The message as the next hop got it. */
  readonly arrived?: string;
}

export interface GuardedServer extends AsyncDisposable {
  readonly server: RunningServer;
  /** May be changed; answers are remembered for a while, as everywhere. */
  readonly zone: Zone;
  /** A session that says it is of that address. */
  session(stranger: Pick<Stranger, "ip" | "helo" | "xhelo">): Promise<SmtpClient>;
  send(stranger: Stranger, content: string | Uint8Array): Promise<Told>;
}

export async function startGuarded(zoneText: string, settings: Settings = {}): Promise<GuardedServer> {
  await using opened = new AsyncDisposableStack();
  const zone = parseZone(zoneText);
  const dns = await startDnsServer({ zone });
  opened.defer(() => dns.close());
  const sink = opened.use(await startSink({ offers: everyExtension }));
  const server = opened.use(
    await runServer({
      relay: { networks: [], xclient_networks: ["127.0.0.0/8"] },
      domain: [{ name: "here.example", deliver: "relay" }],
      route: [routeTo(sink.port)],
      ...settings,
      dns: { ...settings.dns, servers: [`127.0.0.1:${dns.port}`] },
    }),
  );
  const session = async ({ ip, helo, xhelo }: Pick<Stranger, "ip" | "helo" | "xhelo">): Promise<SmtpClient> => {
    const client = await connectClient(server.port);
    await client.say("EHLO proxy.example");
    await client.say(
      `XCLIENT ADDR=${ip.includes(":") ? `IPV6:${ip}` : ip} PORT=25000${xhelo ? ` HELO=${xhelo} PROTO=ESMTP` : ""}`,
    );
    if (!xhelo) await client.say(`EHLO ${helo}`);
    return client;
  };
  const running = opened.move();
  return {
    server,
    zone,
    session,
    async send(stranger, content) {
      const before = server.events.all.length;
      await using client = await session(stranger);
      const reply = await converse(client, stranger, content);
      const isNew = (event: Event): boolean => server.events.all.indexOf(event) >= before;
      const event = await server.events.first(
        (event) => (event.kind === "received" || event.kind === "refused") && isNew(event),
      );
      if (event.kind !== "received") return { reply, event: event as Told["event"] };
      const { content: arrived } = await sink.taken.first(({ content }) => content.includes(event.queueId));
      return { reply, event, arrived: arrived.toString("latin1") };
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Up to the first no. */
async function converse(client: SmtpClient, stranger: Stranger, content: string | Uint8Array): Promise<string> {
  const { from, to = ["ann@here.example"] } = stranger;
  for (const line of [`MAIL FROM:<${from}>`, ...to.map((path) => `RCPT TO:<${path}>`), "DATA"]) {
    const reply = await client.say(line);
    if (!/^[23]/.test(reply)) return reply;
  }
  client.write(content);
  client.write("\r\n.\r\n");
  return client.reply();
}
