// Clients of benchmarks whose messages have numbers and times: a process that sends until it is stopped. Either each of some
// sessions sends one message after another, or new clients come at an even pace, however long the others still wait.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { contentOf, Session } from "./load.ts";
import { now } from "./times.ts";

export type Clients = {
  readonly port: number;
  /** Recipients are m1@domain, m2@domain and so on. */
  readonly domain: string;
  readonly bytes: number;
} & (
  | { readonly sessions: number }
  | {
      readonly perSecond: number;
      /** Connections at once; who comes when so many are open stays away. */
      readonly mostOpen: number;
    }
);

export interface Sent {
  readonly to: string;
  readonly at: number;
  /** Until the last reply. */
  readonly tookMs: number;
  /** The last reply; without it, the connection failed, or the client gave up. */
  readonly code?: string;
}

export interface Outcome {
  readonly sent: readonly Sent[];
  /** Stayed away. */
  readonly stayedAway: number;
}

export interface RunningClients {
  /** Begins no more messages; resolves when those under way have ended, or were given up. */
  stop(): Promise<Outcome>;
}

export async function startClients(clients: Clients): Promise<RunningClients> {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(clients)]);
  await once(child, "message");
  return {
    async stop() {
      child.send("stop");
      const [outcome] = (await once(child, "message")) as [Outcome];
      await once(child, "exit");
      return outcome;
    },
  };
}

/** How long clients that are under way at the end may still take. */
const patienceMs = 30_000;
const tickMs = 1;
/** Beginning more at once would leave no time for the replies. */
const mostPerTick = 100;
/** One address may have so many connections only, here as there. */
const addresses = 100;

class Crowd {
  readonly #clients: Clients;
  readonly #content: Buffer;
  readonly #open = new Set<Session>();
  readonly #sent: Sent[] = [];
  #number = 0;
  #stayedAway = 0;
  #isStopped = false;

  constructor(clients: Clients) {
    this.#clients = clients;
    this.#content = contentOf(clients.bytes);
  }

  async run(): Promise<Outcome> {
    const clients = this.#clients;
    if ("perSecond" in clients) await this.#come(clients);
    else await Promise.all(Array.from({ length: clients.sessions }, () => this.#repeat()));
    return { sent: this.#sent, stayedAway: this.#stayedAway };
  }

  stop(): void {
    this.#isStopped = true;
    setTimeout(() => this.#open.forEach((session) => session.giveUp()), patienceMs).unref();
  }

  /** Each at its time. */
  async #come({ perSecond, mostOpen }: { perSecond: number; mostOpen: number }): Promise<void> {
    const under: Promise<void>[] = [];
    const startedAt = now();
    while (!this.#isStopped) {
      const due = Math.floor(((now() - startedAt) / 1_000) * perSecond);
      for (let i = 0; i < mostPerTick && under.length + this.#stayedAway < due; i++) {
        if (this.#open.size < mostOpen) under.push(this.#once());
        else this.#stayedAway = due - under.length;
      }
      await new Promise((resolve) => setTimeout(resolve, tickMs));
    }
    await Promise.all(under);
  }

  async #once(): Promise<void> {
    const session = this.#connect(`127.0.0.${2 + (this.#number % addresses)}`);
    await this.#send(session, true);
    this.#leave(session);
  }

  async #repeat(): Promise<void> {
    let session: Session | undefined;
    while (!this.#isStopped) {
      const isNew = session === undefined;
      session ??= this.#connect();
      const isGood = await this.#send(session, isNew);
      if (!isGood) {
        this.#leave(session);
        session = undefined;
      }
    }
    if (session !== undefined) this.#leave(session);
  }

  #connect(localAddress?: string): Session {
    const session = new Session(this.#clients.port, localAddress);
    this.#open.add(session);
    return session;
  }

  #leave(session: Session): void {
    session.say("QUIT\r\n").catch(() => {}); // closed already
    session.end();
    this.#open.delete(session);
  }

  /** One message; whether it was taken. */
  async #send(session: Session, greets: boolean): Promise<boolean> {
    this.#number += 1;
    const to = `m${this.#number}@${this.#clients.domain}`;
    const at = now();
    const hello = greets ? ["", "EHLO src.test\r\n"] : [];
    let code: string | undefined;
    try {
      for (const command of [...hello, "MAIL FROM:<from@src.test>\r\n", `RCPT TO:<${to}>\r\n`, "DATA\r\n"]) {
        code = await session.say(command);
        if (code >= "400") break;
      }
      if (code === "354") code = await session.say(this.#content);
    } catch {
      code = undefined;
    }
    this.#sent.push({ to, at, tookMs: now() - at, ...(code !== undefined && { code }) });
    return code === "250";
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const crowd = new Crowd(JSON.parse(process.argv[2]!) as Clients);
  process.once("message", () => crowd.stop());
  process.send!("started");
  const outcome = await crowd.run();
  process.send!(outcome, () => process.disconnect());
}
