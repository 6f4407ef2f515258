// One command line → a typed command, or the reply that says what is wrong with it. RFC 5321 §4.1.
import { isInternational, parseDomain } from "../mail/address.ts";
import type { Origin, Recipient } from "../mail/envelope.ts";
import { type EnhancedCode, type Reply, reply } from "../mail/reply.ts";
import { decodeBase64, notBase64 } from "./base64.ts";
import { limits } from "./limits.ts";
import { mailParameters, rcptParameters, readParameters } from "./parameters.ts";
import { parsePath } from "./path.ts";
import { type ClientFacts, parseXclient } from "./xclient.ts";

export type Command =
  | { readonly verb: "EHLO" | "HELO"; readonly name: string }
  | { readonly verb: "MAIL"; readonly origin: Origin }
  /** `international`: it needs SMTPUTF8 in the MAIL command. */
  | { readonly verb: "RCPT"; readonly recipient: Recipient; readonly international: boolean }
  | { readonly verb: "BDAT"; readonly sizeBytes: number; readonly last: boolean }
  | { readonly verb: "DATA" | "RSET" | "QUIT" | "STARTTLS" | "NOOP" | "VRFY" | "EXPN" | "HELP" }
  /** `mechanism` in upper case; `response` is there when the client did not wait for a challenge. RFC 4954 §4 */
  | { readonly verb: "AUTH"; readonly mechanism: string; readonly response: Uint8Array | undefined }
  | { readonly verb: "XCLIENT"; readonly facts: ClientFacts }
  /** GET, POST, …: a web browser was lured here. */
  | { readonly verb: "HTTP" };

export type Verb = Command["verb"];
export type CommandOf<V extends Verb> = Extract<Command, { verb: V }>;

export interface Problem {
  /** Absent: not even a verb that we know. */
  readonly verb?: Verb;
  readonly reply: Reply;
  /** What follows might be content, and must not be read as commands. */
  readonly fatal: boolean;
}

type ParsedCommand =
  | { readonly kind: "command"; readonly command: Command }
  | { readonly kind: "problem"; readonly problem: Problem };

type Parse = (rest: string, ourName: string) => ParsedCommand;

const parsers: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ["EHLO", parseHello("EHLO")],
  ["HELO", parseHello("HELO")],
  ["MAIL", parseMail],
  ["RCPT", parseRcpt],
  ["BDAT", parseBdat],
  ["DATA", parseBare("DATA")],
  ["RSET", parseBare("RSET")],
  ["QUIT", parseBare("QUIT")],
  ["STARTTLS", parseBare("STARTTLS")],
  ["NOOP", () => command({ verb: "NOOP" })],
  ["HELP", () => command({ verb: "HELP" })],
  ["AUTH", parseAuth],
  ["VRFY", parseName("VRFY")],
  ["EXPN", parseName("EXPN")],
  ["XCLIENT", parseXclientCommand],
  ...["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "CONNECT", "PATCH", "TRACE", "PRI"].map(
    (method): [string, Parse] => [method, () => command({ verb: "HTTP" })],
  ),
]);

/** `line` is without its line end; `ourName` completes `<Postmaster>`. */
export function parseCommand(line: string, ourName: string): ParsedCommand {
  const trimmed = line.trimEnd();
  const space = trimmed.search(/[ \t]/);
  const verb = space === -1 ? trimmed : trimmed.slice(0, space);
  const parse = parsers.get(verb.toUpperCase());
  if (parse !== undefined) return parse(space === -1 ? "" : trimmed.slice(space + 1), ourName);
  const shown = /^[a-z\d-]{1,20}$/i.test(verb) ? `command ${verb.toUpperCase()} is not known here` : "no command";
  return problem({ reply: reply(500, "5.5.2", `${shown}; HELP lists the commands`) });
}

const command = (command: Command): ParsedCommand => ({ kind: "command", command });

const problem = (parts: Omit<Problem, "fatal">): ParsedCommand => ({
  kind: "problem",
  problem: { ...parts, fatal: false },
});

const syntaxProblem = (verb: Verb, enhanced: EnhancedCode | undefined, text: string): ParsedCommand =>
  problem({ verb, reply: reply(501, enhanced, text) });

function parseBare(verb: "DATA" | "RSET" | "QUIT" | "STARTTLS"): Parse {
  return (rest) =>
    rest === "" ? command({ verb }) : syntaxProblem(verb, "5.5.4", `${verb} takes no argument; send ${verb} alone`);
}

function parseName(verb: "VRFY" | "EXPN"): Parse {
  return (rest) => (rest === "" ? syntaxProblem(verb, "5.5.4", `${verb} needs a name`) : command({ verb }));
}

/** RFC 5321 §4.1.4: a name that is wrong is no reason to refuse mail; but it must be one word, as it goes into a header. */
function parseHello(verb: "EHLO" | "HELO"): Parse {
  return (rest) => {
    const given = rest.trim().split(/[ \t]/)[0] ?? "";
    const name = isInternational(given) ? parseDomain(given) : given;
    return name === undefined || name === "" || name.length > limits.domainBytes
      ? syntaxProblem(verb, undefined, `${verb} needs your host name: ${verb} mail.example.org`)
      : command({ verb, name });
  };
}

function parseMail(rest: string): ParsedCommand {
  const path = /^from:/i.test(rest) ? parsePath(rest.slice(5)) : undefined;
  if (path === undefined)
    return syntaxProblem("MAIL", "5.1.7", "bad sender address; write MAIL FROM:<ann@example.org> or MAIL FROM:<>");
  const read = readParameters(path.words, mailParameters);
  if (read.kind === "problem") return problem({ verb: "MAIL", reply: read.reply });
  const origin: Origin = { reversePath: path.address, bodyType: "7bit", smtpUtf8: false, ...read.values };
  // RFC 6531 §3.5
  if (path.international && !origin.smtpUtf8)
    return problem({ verb: "MAIL", reply: reply(553, "5.6.7", "this sender address needs the parameter SMTPUTF8") });
  return command({ verb: "MAIL", origin });
}

function parseRcpt(rest: string, ourName: string): ParsedCommand {
  const path = /^to:/i.test(rest) ? parsePath(rest.slice(3), ourName) : undefined;
  if (path === undefined || path.address === "")
    return syntaxProblem("RCPT", "5.1.3", "bad recipient address; write RCPT TO:<ann@example.org>");
  const read = readParameters(path.words, rcptParameters);
  if (read.kind === "problem") return problem({ verb: "RCPT", reply: read.reply });
  return command({
    verb: "RCPT",
    recipient: { address: path.address, ...read.values },
    international: path.international,
  });
}

/** RFC 3030 §2. Without a size we cannot tell where the chunk ends and commands go on. */
function parseBdat(rest: string): ParsedCommand {
  const [, digits, last] = /^ *(\d{1,15})( +last)?$/i.exec(rest) ?? [];
  if (digits !== undefined) return command({ verb: "BDAT", sizeBytes: Number(digits), last: last !== undefined });
  const text = "BDAT needs the size of the chunk in octets, as in BDAT 1024 or BDAT 1024 LAST; closing";
  return { kind: "problem", problem: { verb: "BDAT", reply: reply(501, "5.5.4", text), fatal: true } };
}

/** RFC 4954 §4: a lone = is an initial response without octets. */
function parseAuth(rest: string): ParsedCommand {
  const [, name, initial] = /^ *([\w-]{1,20})(?: +(\S+))?$/.exec(rest) ?? [];
  if (name === undefined) return syntaxProblem("AUTH", "5.5.4", "AUTH needs a mechanism; EHLO lists them");
  const mechanism = name.toUpperCase();
  if (initial === undefined) return command({ verb: "AUTH", mechanism, response: undefined });
  const response = initial === "=" ? Buffer.alloc(0) : decodeBase64(initial);
  return response === undefined
    ? problem({ verb: "AUTH", reply: notBase64 })
    : command({ verb: "AUTH", mechanism, response });
}

function parseXclientCommand(rest: string): ParsedCommand {
  const facts = parseXclient(rest.split(" ").filter((word) => word !== ""));
  return facts === undefined
    ? syntaxProblem("XCLIENT", "5.5.4", "XCLIENT needs ATTRIBUTE=xtext words; EHLO lists the attributes")
    : command({ verb: "XCLIENT", facts });
}
