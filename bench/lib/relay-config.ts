// The config of a Waybill that relays everything to one next hop.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Answers the file; the data is kept beside it. */
export async function relayConfig(dir: string, { port, sink }: { port: number; sink: number }): Promise<string> {
  const file = join(dir, "waybill.toml");
  await writeFile(
    file,
    `hostname = "bench.test"
data_dir = "${join(dir, "data")}"
[[listen]]
address = "127.0.0.1:${port}"
tls = "none"
[[route]]
host = "127.0.0.1"
port = ${sink}
tls = "never"
[receive]
max_message_size = "100MB"
max_connections_per_address = 2000
[log]
file = "${join(dir, "log")}"
format = "json"
`,
  );
  return file;
}
