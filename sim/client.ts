// A client that sends to the nodes: a small program of its own making, which keeps each message until it reads a 250.
import type { Reply } from "../src/mail/reply.ts";
import { SessionFailure } from "../src/smtp/client-wire.ts";
import type { Clock } from "./clock.ts";
import type { Dice } from "./dice.ts";
import type { Ledger, Mail } from "./ledger.ts";
import type { Network } from "./network.ts";
import { connect, type SimWire } from "./sim-wire.ts";

export interface ClientParts {
  readonly clock: Clock;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly dice: Dice;
  readonly address: string;
  /** Addresses of the nodes. */
  readonly servers: readonly string[];
  /** Sends all that it has in one session, and at once again. */
  readonly isProgram?: boolean;
}

const minuteMs = 60_000;

/** Gives up waiting for a reply sooner than RFC 5321 §4.5.3.2 asks for: such clients exist, and send again. */
const patienceMs = 2 * minuteMs;

export class Client {
  readonly #parts: ClientParts;
  readonly #waiting: Mail[] = [];
  #isSending = false;

  constructor(parts: ClientParts) {
    this.#parts = parts;
  }

  /** Nothing is left to be sent. */
  get isDone(): boolean {
    return this.#waiting.length === 0;
  }

  send(mail: Mail): void {
    this.#parts.ledger.willSend(mail);
    this.#waiting.push(mail);
    if (!this.#isSending) void this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    const { clock, dice, isProgram } = this.#parts;
    this.#isSending = true;
    while (this.#waiting.length > 0) {
      try {
        await this.#session();
      } catch (error) {
        if (!(error instanceof SessionFailure)) throw error;
      }
      if (this.#waiting.length > 0) await clock.sleep(isProgram ? 1_000 : dice.between(5_000, 3 * minuteMs));
    }
    this.#isSending = false;
  }

  /** As many messages as go in one session; those that were not answered stay. */
  async #session(): Promise<void> {
    const { clock, network, address, servers, dice, isProgram } = this.#parts;
    const server = dice.pick(servers);
    const never = new AbortController().signal;
    const dialling = { clock, network, from: undefined, fromAddress: address };
    const host = { name: server, address: server, port: 25 };
    const wire = await connect(dialling, { host, timeoutMs: 30_000, signal: never });
    try {
      if (!isYes(await wire.reply("greeting", patienceMs))) return;
      if (!isYes(await ask(wire, "EHLO client.sim"))) return;
      const atMost = isProgram ? Infinity : dice.integer(1, 10);
      for (let i = 0; i < atMost && this.#waiting.length > 0; i += 1) if (!(await this.#transact(wire))) break;
      await ask(wire, "QUIT");
    } finally {
      wire.close();
    }
  }

  /** False: not now. */
  async #transact(wire: SimWire): Promise<boolean> {
    const { ledger } = this.#parts;
    const [mail] = this.#waiting;
    if (mail === undefined) return false;
    const notify = mail.notify === "unsaid" ? "" : ` NOTIFY=${mail.notify}`;
    if (!isYes(await ask(wire, `MAIL FROM:<${mail.from}>`))) return false;
    for (const to of mail.to) if (!isYes(await ask(wire, `RCPT TO:<${to}>${notify}`))) return false;
    const reply = await this.#content(wire, mail);
    if (!isYes(reply)) return false;
    this.#waiting.splice(this.#waiting.indexOf(mail), 1);
    ledger.promised(mail.token);
    return true;
  }

  async #content(wire: SimWire, { token, from, to, body }: Mail): Promise<Reply> {
    const header = [`Message-ID: <${token}>`, `From: ${from}`, `To: ${to.join(",\r\n ")}`, `Subject: ${token}`, ""];
    const content = `${header.join("\r\n")}\r\n${body}`;
    if (this.#parts.dice.chance(0.2)) return ask(wire, `BDAT ${Buffer.byteLength(content)} LAST\r\n${content}`, "");
    const go = await ask(wire, "DATA");
    if (go.code !== 354) return go;
    return ask(wire, `${content.replaceAll(/^\./gm, "..")}.`);
  }
}

const isYes = ({ code }: Reply): boolean => code >= 200 && code < 300;

async function ask(wire: SimWire, command: string, end = "\r\n"): Promise<Reply> {
  wire.send(command + end);
  return wire.reply("mail", patienceMs);
}
