// The config of a Waybill that relays to next hops on this machine.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface Relay {
  readonly port: number;
  /** Port of the next hop of all other mail. */
  readonly sink: number;
  /** Ports of next hops of their own, by recipient domain. */
  readonly sinks?: Readonly<Record<string, number>>;
  /** Clients are strangers then, who write to bench.test, and are judged with the answers of this DNS server. */
  readonly resolver?: string;
}

const route = (to: string, port: number): string =>
  `[[route]]\n${to}host = "127.0.0.1"\nport = ${port}\ntls = "never"\n`;

/** Answers the file; the data is kept beside it. */
export async function relayConfig(dir: string, { port, sink, sinks = {}, resolver }: Relay): Promise<string> {
  const file = join(dir, "waybill.toml");
  const own = Object.entries(sinks).map(([domain, port]) => route(`to = "${domain}"\n`, port));
  const strangers = `[relay]
networks = []
[dns]
servers = ["${resolver}"]
[[domain]]
name = "bench.test"
deliver = "relay"
[rates]
connections_per_minute = 0
messages_per_minute = 0
recipients_per_minute = 0
sender_messages_per_minute = 0
recipient_messages_per_hour = 0
`;
  await writeFile(
    file,
    `hostname = "bench.test"
data_dir = "${join(dir, "data")}"
[[listen]]
address = "127.0.0.1:${port}"
tls = "none"
${resolver === undefined ? "" : strangers}${own.join("")}${route("", sink)}[receive]
max_message_size = "1GB"
max_connections_per_address = 2000
[log]
file = "${join(dir, "log")}"
format = "json"
`,
  );
  return file;
}
