// A Dovecot of its own, and a Waybill in front of it: the installed programs with the configurations of docs/dovecot.md, in a
// folder and on ports that no other Dovecot shares. In the foreground: it ends with the test.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parse } from "smol-toml";
import { authority } from "../check/certificates.ts";
import { freePort } from "./free-port.ts";
import { Observed } from "./observed.ts";
import { absent, findProgram, runProgram } from "./programs.ts";
import { type RunningServer, runServer, type Settings } from "./running-server.ts";

/** For `test`: false, or the reason. */
export const dovecotSkip =
  absent("dovecot") ||
  absent("curl") ||
  (process.getuid?.() !== 0 &&
    "Dovecot gives each mailbox to its own user, which only root can do; run the tests as root");

/** A file that docs/dovecot.md shows, by the language of its code block. */
async function documented(language: "toml" | "conf"): Promise<string> {
  const page = await readFile(join(import.meta.dirname, "../../docs/dovecot.md"), "utf8");
  const [, text] = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "ms").exec(page) ?? [];
  if (text === undefined) throw new Error(`docs/dovecot.md has no block of ${language}`);
  return text;
}

/** Each of the texts must be there, so that what the page says is what is tested. */
function put(text: string, replaced: Readonly<Record<string, string>>): string {
  return Object.entries(replaced).reduce((now, [from, to]) => {
    if (!now.includes(from)) throw new Error(`docs/dovecot.md does not say "${from}" any more`);
    return now.replaceAll(from, to);
  }, text);
}

interface DovecotOptions {
  /** Key and certificate. */
  readonly pem: string;
  /** Lines of the users file. */
  readonly users: readonly string[];
}

interface Dovecot extends AsyncDisposable {
  /** Key and certificate in one file. */
  readonly pemFile: string;
  readonly lmtpSocket: string;
  readonly authSocket: string;
  readonly ports: { readonly imaps: number; readonly pop3s: number };
  /** Log lines. */
  readonly log: Observed<string>;
  stop(): Promise<void>;
}

async function startDovecot({ pem, users }: DovecotOptions): Promise<Dovecot> {
  await using opened = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "waybill-dovecot-"));
  opened.defer(() => rm(dir, { recursive: true }));
  const [run, mail, pemFile, usersFile] = ["run", "mail", "tls.pem", "users"].map((name) => join(dir, name)) as [
    string,
    string,
    string,
    string,
  ];
  const nobody = Number((await runProgram("id", ["-u", "nobody"])).stdout);
  await mkdir(mail);
  await chown(mail, nobody, 0);
  await chmod(dir, 0o755);
  await writeFile(pemFile, pem, { mode: 0o600 });
  await writeFile(usersFile, users.map((line) => `${line}\n`).join(""), { mode: 0o644 });
  const ports = { imaps: await freePort(), pop3s: await freePort() };
  const text = put(await documented("conf"), {
    "/etc/ssl/mail.example.org/fullchain.pem": pemFile,
    "/etc/ssl/mail.example.org/key.pem": pemFile,
    "/etc/dovecot/users": usersFile,
    "uid=vmail gid=vmail": "uid=nobody gid=nogroup",
    "/var/vmail": mail,
    "group = waybill": "group = root",
  });
  const configFile = join(dir, "dovecot.conf");
  await writeFile(configFile, `${text}${placed(run, ports)}`);

  const child = spawn(findProgram("dovecot")!, ["-F", "-c", configFile], { stdio: ["ignore", "ignore", "pipe"] });
  const log = new Observed<string>();
  createInterface({ input: child.stderr }).on("line", (line) => log.add(line));
  const ended = once(child, "close");
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
  };
  opened.defer(stop);
  void ended.then(() => log.add("dovecot has ended"));
  await log.first((line) => / starting up | has ended/.test(line));
  if (child.exitCode !== null) throw new Error(`Dovecot did not start: ${log.all.join("\n")}`);
  const running = opened.move();
  return {
    pemFile,
    lmtpSocket: join(run, "lmtp"),
    authSocket: join(run, "auth-client"),
    ports,
    log,
    stop,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

export interface DovecotBehind extends AsyncDisposable {
  readonly dovecot: Dovecot;
  readonly waybill: RunningServer;
  readonly ports: {
    readonly relay: number;
    readonly submissions: number;
    readonly submission: number;
    readonly web: number;
  } & Dovecot["ports"];
  /** PEM, and a file with it. */
  readonly authority: string;
  readonly authorityFile: string;
}

const certified = ["mail.example.org", "autoconfig.example.org", "autodiscover.example.org"];

/** Both, as docs/dovecot.md has them; mail apps are told the ports that are in use here. */
export async function startDovecotBehind(users: readonly string[]): Promise<DovecotBehind> {
  await using opened = new AsyncDisposableStack();
  const ours = await authority(Date.now());
  const dovecot = opened.use(await startDovecot({ pem: await ours.issue({ names: certified }), users }));
  const { pemFile, lmtpSocket, authSocket } = dovecot;
  const authorityFile = `${pemFile}.authority`;
  await writeFile(authorityFile, ours.pem);
  const [relay, submissions, submission, web] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const ports = { relay, submissions, submission, web, ...dovecot.ports };
  const toml = put(await documented("toml"), {
    '"*:25"': `"127.0.0.1:${relay}"`,
    '"*:465"': `"127.0.0.1:${submissions}"`,
    '"*:587"': `"127.0.0.1:${submission}"`,
    '"*:443"': `"127.0.0.1:${web}"`,
    "mail.example.org:993": `mail.example.org:${ports.imaps} implicit`,
    "mail.example.org:995": `mail.example.org:${ports.pop3s} implicit`,
    "/etc/ssl/mail.example.org/fullchain.pem": pemFile,
    "/etc/ssl/mail.example.org/key.pem": pemFile,
    "/run/dovecot/lmtp": lmtpSocket,
    "/run/dovecot/auth-client": authSocket,
  });
  const waybill = opened.use(await runServer(parse(toml) as Settings));
  const running = opened.move();
  return {
    dovecot,
    waybill,
    ports,
    authority: ours.pem,
    authorityFile,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Where it runs; and a test does not wait for those who guess passwords. */
const placed = (run: string, { imaps, pop3s }: Dovecot["ports"]): string => `
listen = 127.0.0.1
base_dir = ${run}
state_dir = ${run}/state
log_path = /dev/stderr
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  inet_listener imaps {
    port = ${imaps}
  }
}
service pop3-login {
  inet_listener pop3s {
    port = ${pop3s}
  }
}
`;
