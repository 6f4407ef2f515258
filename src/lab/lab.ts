// `waybill lab`: a Waybill in a small pretend internet on loopback. Its days can pass in seconds.
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { realWorld, type World } from "../base/world.ts";
import { schema } from "../config/schema.ts";
import { type Log, openLog } from "../journal/log.ts";
import { startServer } from "../main.ts";
import { selfSigned } from "../receive/self-signed.ts";
import { residents } from "./characters.ts";
import { type Delivered, type Internet, startInternet } from "./internet.ts";
import { letterLines } from "./letter.ts";
import { labDir, makePrivateFolder } from "./place.ts";

export interface LabOptions {
  /** How much faster than outside time passes. */
  readonly speed: number;
  /** Where the lab's Waybill takes mail. */
  readonly port: number;
  /** Keeps the lab's queue, history and delivered mail; without it, they go at the end. */
  readonly dataDir?: string;
}

/** Runs until SIGINT or SIGTERM; answers the exit code. */
export async function runLab(options: LabOptions): Promise<number> {
  try {
    await keepOpen(options);
    return 0;
  } catch (error) {
    console.error(`waybill lab: ${error instanceof Error ? error.message : String(error)}`);
    return 71; // EX_OSERR of sysexits.h
  }
}

async function keepOpen({ speed, port, dataDir }: LabOptions): Promise<void> {
  const dir = dataDir ?? labDir;
  const world = realWorld(speed);
  await using opened = new AsyncDisposableStack();
  const log = openLog({ level: "info", format: "pretty", now: () => world.now() });
  opened.defer(() => log.close());
  if (dataDir === undefined) await makePrivateFolder(dir);
  let isOurs = false; // until our server holds the folder, another lab may
  opened.defer(async () => {
    if (isOurs) await rm(dir, { recursive: true, force: true });
  });
  const shown = showMails(join(dir, "delivered"), log);
  opened.defer(() => shown.settled());
  const pem = await selfSigned("lab", Date.now());
  const internet = await startInternet({ world, certificate: { key: pem, cert: pem }, onMail: shown.show });
  opened.defer(() => internet.close());
  const server = await startServer({ config: labConfig(dir, port, internet), world, log });
  isOurs = dataDir === undefined;
  opened.defer(() => server.close());
  console.error(welcome({ speed, listening: server.listening, dir, world }));
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
}

/** Keeps each delivered message in `folder` and shows it, one after the other. */
function showMails(folder: string, { logger }: Log): { show: (mail: Delivered) => void; settled: () => Promise<void> } {
  let mails = 0;
  let before = Promise.resolve();
  const show = async (mail: Delivered): Promise<void> => {
    try {
      mails += 1;
      await keepMail(folder, mails, mail.content);
      logger.info((await letterLines(mail)).join("\n"));
    } catch (err) {
      logger.error({ err }, `a message for ${mail.domain} was delivered, and could not be kept or shown`);
    }
  };
  return {
    show: (mail) => {
      before = before.then(() => show(mail));
    },
    settled: () => before,
  };
}

const labConfig = (dir: string, port: number, { dns, smtpPort }: Internet) =>
  schema.parse({
    hostname: "waybill.lab",
    data_dir: dir,
    listen: [{ address: `127.0.0.1:${port}` }],
    dns: { servers: [dns] },
    deliver: { port: smtpPort, ip: "ipv4" },
  });

async function keepMail(folder: string, number: number, content: Buffer): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${String(number).padStart(4, "0")}.eml`), content);
}

function welcome({
  speed,
  listening,
  dir,
  world,
}: {
  speed: number;
  listening: readonly string[];
  dir: string;
  world: World;
}): string {
  const width = Math.max(...residents.map(({ name }) => name.length));
  return `
The lab is open: Waybill takes mail on ${listening.join(" and ")}.
${speed === 1 ? "Time passes as outside" : `An hour passes in ${hourText(speed)}`}; it is ${new Date(world.now()).toISOString().slice(11, 16)} UTC.

Mail to somebody at …
${residents.map(({ name, what }) => `  ${`${name}.lab`.padEnd(width + 5)} ${what}`).join("\n")}

Try, in another terminal:
  npx waybill send --lab --from you@home.lab --to anna@greylists.lab --subject Hello --body "It works."
  npx waybill trace --lab anna@greylists.lab
What is delivered is shown here and kept in ${dir}/delivered. Stop with Ctrl-C.
`;
}

const hourText = (speed: number): string =>
  speed >= 60 ? `${Number((3_600 / speed).toFixed(1))} seconds` : `${Number((60 / speed).toFixed(1))} minutes`;
