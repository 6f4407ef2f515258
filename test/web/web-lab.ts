// A web server of Waybill on loopback, with certificates of a test authority, and a log that can be read.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import type { z } from "zod";
import { realWorld, type World } from "../../src/base/world.ts";
import { schema } from "../../src/config/schema.ts";
import { openWeb, type WebOptions } from "../../src/web/server.ts";
import { type Authority, authority } from "../check/certificates.ts";

export type Settings = Omit<z.input<typeof schema>, "data_dir">;

export interface WebLab extends AsyncDisposable {
  /** In the order of `listen`, then `http_listen`. */
  readonly ports: readonly number[];
  readonly authority: Authority;
  /** Makes a certificate and a PEM file with it; the same file again, where it is named. */
  issue(names: readonly string[], file?: string): Promise<string>;
  /** PEM files of the certificates, in order. */
  readonly files: readonly string[];
  /** A PEM file with the authority. */
  authorityFile(): Promise<string>;
  /** Lines of the log. */
  readonly log: readonly string[];
}

export const hostname = "mail.shop.example";

/** Two domains of ours, and one whose mail goes on to another server. */
export const ourDomains: NonNullable<Settings["domain"]> = [
  { name: "shop.example", deliver: "maildir:/var/mail/{user}" },
  { name: "club.example", deliver: "lmtp:127.0.0.1:24" },
  { name: "moved.example", deliver: "relay" },
];

export const mailApps: NonNullable<Settings["mail_apps"]> = {
  imap: "imap.shop.example",
  smtp: ["mail.shop.example:465", "mail.shop.example:587"],
};

interface Started {
  readonly settings?: Settings;
  readonly world?: World;
  readonly more?: Partial<WebOptions>;
  /** Names of the certificates, one set each. */
  readonly certificates?: readonly (readonly string[])[];
}

/** Without settings: HTTPS and HTTP on free ports, a certificate for all names of shop.example. */
export async function startWeb({ settings, world = realWorld(), more, certificates }: Started = {}): Promise<WebLab> {
  const dir = await mkdtemp(join(tmpdir(), "waybill-web-"));
  const ours = await authority(Date.now());
  const files: string[] = [];
  const issue = async (names: readonly string[], file = join(dir, `${files.length}.pem`)): Promise<string> => {
    await writeFile(file, await ours.issue({ names }));
    if (!files.includes(file)) files.push(file);
    return file;
  };
  const usual = [["shop.example", "*.shop.example", "*.club.example", "club.example"]];
  for (const names of certificates ?? usual) await issue(names);
  const log: string[] = [];
  const logger = pino({ level: "debug" }, { write: (line) => void log.push(line) });
  const config = schema.parse({
    hostname,
    domain: ourDomains,
    mail_apps: mailApps,
    web_certificate: files.map((file) => ({ certificate: file, key: file })),
    ...settings,
    web: { listen: ["127.0.0.1:0"], http_listen: ["127.0.0.1:0"], ...settings?.web },
    data_dir: dir,
  });
  const web = await openWeb({ config, hostname, world, logger, ...more });
  if (web === undefined) throw new Error("the config opens no web server");
  return {
    ports: web.listening.map((url) => Number(new URL(url).port)),
    authority: ours,
    issue,
    files,
    async authorityFile() {
      const file = join(dir, "authority.pem");
      await writeFile(file, ours.pem);
      return file;
    },
    log,
    async [Symbol.asyncDispose]() {
      await web[Symbol.asyncDispose]();
      await rm(dir, { recursive: true });
    },
  };
}
