// A Postfix of its own: the installed programs with a configuration, a queue and a port that no other Postfix shares.
import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { absent, type Ended, type Given, runProgram } from "./programs.ts";

/** For `test`: false, or the reason. */
export const postfixSkip =
  absent("postfix") || (process.getuid?.() !== 0 && "Postfix starts only when root asks it to; run the tests as root");

export interface PostfixOptions {
  readonly port: number;
  /** Key and certificate, for STARTTLS. */
  readonly pem: string;
  /** More of main.cf. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface Postfix extends AsyncDisposable {
  /** Runs its sendmail. */
  sendmail(args: readonly string[], given?: Given): Promise<Ended>;
  /** Has it try all that waits, now. */
  flush(): Promise<Ended>;
  /** What it logged so far. */
  log(): Promise<string>;
}

export async function startPostfix({ port, pem, settings }: PostfixOptions): Promise<Postfix> {
  const dir = await mkdtemp(join(tmpdir(), "waybill-postfix-"));
  const [config, queue, data] = ["config", "queue", "data"].map((name) => join(dir, name)) as [string, string, string];
  const sendmailPath = (await runProgram("postconf", ["-d", "-h", "sendmail_path"])).stdout.trim();
  const postfix = (command: string): Promise<Ended> => runProgram("postfix", ["-c", config, command]);
  const log = (): Promise<string> => readFile(join(data, "log"), "utf8").catch(() => "");
  const remove = (): Promise<void> => rm(dir, { recursive: true });
  for (const folder of [dir, config, queue, data]) await mkdir(folder, { recursive: true, mode: 0o755 });
  await runProgram("chmod", ["755", dir]);
  await chown(data, Number((await runProgram("id", ["-u", "postfix"])).stdout), 0);
  await writeFile(join(config, "tls.pem"), pem, { mode: 0o600 });
  const main = { ...ownSettings, queue_directory: queue, data_directory: data, maillog_file: join(data, "log") };
  const tls = { smtpd_tls_security_level: "may", smtpd_tls_chain_files: join(config, "tls.pem") };
  const lines = Object.entries({ ...main, maillog_file_prefixes: dir, ...tls, ...settings });
  await writeFile(join(config, "main.cf"), lines.map(([name, value]) => `${name} = ${value}\n`).join(""));
  await writeFile(join(config, "master.cf"), master(port));
  const started = await postfix("start");
  if (started.code !== 0) {
    const said = `${started.stderr}${await log()}`;
    await remove();
    throw new Error(`Postfix did not start: ${said}`);
  }
  return {
    sendmail: (args, given) => runProgram(sendmailPath, ["-C", config, ...args], given),
    flush: () => postfix("flush"),
    log,
    async [Symbol.asyncDispose]() {
      await postfix("abort");
      await remove();
    },
  };
}

const ownSettings = {
  compatibility_level: "3.6",
  inet_interfaces: "127.0.0.1",
  inet_protocols: "ipv4",
  myhostname: "postfix.test",
  mydestination: "",
  mynetworks: "127.0.0.0/8",
  alias_maps: "",
  alias_database: "",
  local_recipient_maps: "",
  smtp_dns_support_level: "disabled",
  smtp_host_lookup: "native",
  smtpd_peername_lookup: "no",
  smtpd_relay_restrictions: "permit_mynetworks, reject",
} as const;

const master = (port: number): string => `
127.0.0.1:${port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
proxymap unix - - n - - proxymap
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;
