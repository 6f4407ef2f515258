// A pretend mail host with a character: a small SMTP server of its own making, so that it shares no mistake with ours.
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";

/** `drop` closes the connection, `silent` never answers. */
type Answer = `${1 | 2 | 3 | 4 | 5}${string}` | "drop" | "silent";

type LabStage = "greeting" | "ehlo" | "starttls" | "mail" | "rcpt" | "data" | "content";

interface Visit {
  /** Argument of MAIL or RCPT without its brackets; empty elsewhere. */
  readonly path: string;
  /** How often this host was asked the same at this stage, this time included. */
  readonly times: number;
  /** When it was first asked that, in the lab's time. */
  readonly firstAt: number;
  readonly now: number;
}

export interface Character {
  /** Lines of the EHLO reply after the first. */
  readonly extensions?: readonly string[];
  /** Answers at stages where this host is peculiar; undefined: as everybody does. */
  readonly answers?: Partial<Record<LabStage, (visit: Visit) => Answer | undefined>>;
  /** Each answer comes so much later. */
  readonly delayMs?: number;
}

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly content: Buffer;
}

interface HostOptions {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly character: Character;
  readonly now: () => number;
  /** PEM; without it STARTTLS fails in the handshake. */
  readonly certificate?: { readonly key: string; readonly cert: string };
  readonly onMail: (mail: Mail) => void;
}

export interface Host {
  readonly port: number;
  close(): Promise<void>;
}

const defaultExtensions = ["PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "STARTTLS", "ENHANCEDSTATUSCODES"];

export async function startHost(options: HostOptions): Promise<Host> {
  const visits = new Map<string, { times: number; firstAt: number }>();
  const sockets = new Set<Socket>();
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    serve(options, visits, socket);
  });
  server.listen(options.port, options.address);
  await once(server, "listening");
  return {
    port: (server.address() as { port: number }).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** One connection, from greeting to QUIT. */
function serve(options: HostOptions, visits: Map<string, { times: number; firstAt: number }>, raw: Socket): void {
  const { name, character, now } = options;
  let socket: Socket = raw;
  let received = "";
  let content: string | undefined;
  let mail: { from: string; to: string[] } = { from: "", to: [] };
  let secure = false;

  const peculiar = (stage: LabStage, path = ""): Answer | undefined => {
    const visit = visits.get(`${stage} ${path}`) ?? { times: 0, firstAt: now() };
    visit.times += 1;
    visits.set(`${stage} ${path}`, visit);
    return character.answers?.[stage]?.({ path, ...visit, now: now() });
  };
  const say = (answer: Answer): boolean => {
    if (answer === "drop") socket.destroy();
    if (answer === "drop" || answer === "silent") return false;
    const out = socket;
    const write = (): void => void (out.writable && out.write(`${answer}\r\n`));
    if (character.delayMs === undefined) write();
    else setTimeout(write, character.delayMs).unref();
    return answer.startsWith("2") || answer.startsWith("3");
  };
  const verbs: Record<string, (argument: string) => void> = {
    EHLO: () => {
      const offered = (character.extensions ?? defaultExtensions).filter((word) => !(secure && word === "STARTTLS"));
      say(
        peculiar("ehlo") ??
          `250-${[name, ...offered.slice(0, -1)].join("\r\n250-")}\r\n250 ${offered.at(-1) ?? "HELP"}`,
      );
    },
    HELO: () => void say(`250 ${name}`),
    STARTTLS: () => {
      if (!say(peculiar("starttls") ?? "220 2.0.0 go ahead")) return;
      raw.removeAllListeners("data");
      const secureContext = createSecureContext(options.certificate ?? {});
      const upgraded = new TLSSocket(raw, { isServer: true, secureContext });
      upgraded.on("error", () => raw.destroy());
      upgraded.on("data", read);
      socket = upgraded;
      secure = true;
      received = "";
    },
    MAIL: (argument) => {
      mail = { from: pathOf(argument), to: [] };
      say(peculiar("mail", mail.from) ?? "250 2.1.0 ok");
    },
    RCPT: (argument) => {
      const to = pathOf(argument);
      if (say(peculiar("rcpt", to) ?? "250 2.1.5 ok")) mail.to.push(to);
    },
    DATA: () => {
      if (mail.to.length === 0) return void say("503 5.5.1 no valid recipients");
      if (say(peculiar("data") ?? "354 end with a line that holds only a dot")) content = "";
    },
    RSET: () => void say("250 2.0.0 ok"),
    NOOP: () => void say("250 2.0.0 ok"),
    QUIT: () => {
      say("221 2.0.0 bye");
      setTimeout(() => socket.end(), (character.delayMs ?? 0) + 1).unref();
    },
  };
  const finish = (): void => {
    const whole = Buffer.from(content!.replaceAll(/^\./gm, ""), "latin1");
    content = undefined;
    if (say(peculiar("content", mail.to.join()) ?? "250 2.0.0 taken")) options.onMail({ ...mail, content: whole });
  };
  const takeLine = (line: string): void => {
    if (content !== undefined) {
      if (line === ".") finish();
      else content += `${line}\r\n`;
      return;
    }
    const verb = line.slice(0, 4).toUpperCase() === "STAR" ? "STARTTLS" : line.slice(0, 4).toUpperCase();
    const act = verbs[verb];
    if (act === undefined) say("502 5.5.1 this pretend host does not know that command");
    else act(line.slice(verb.length).trim());
  };
  const read = (bytes: Buffer): void => {
    received += bytes.toString("latin1");
    for (let end = received.indexOf("\r\n"); end >= 0; end = received.indexOf("\r\n")) {
      const line = received.slice(0, end);
      received = received.slice(end + 2);
      takeLine(line);
    }
  };
  raw.on("data", read);
  say(peculiar("greeting") ?? `220 ${name} ESMTP a pretend host of the Waybill lab`);
}

const pathOf = (argument: string): string =>
  /<([^>]*)>/.exec(Buffer.from(argument, "latin1").toString("utf8"))?.[1] ?? "";
