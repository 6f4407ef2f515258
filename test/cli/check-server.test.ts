// `waybill check server` against a server on loopback: what a person types and sees.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { realWorld } from "../../src/base/world.ts";
import { main } from "../../src/cli/waybill.ts";
import { appSession, person } from "../check/app-server.ts";
import { selfSigned } from "../check/certificates.ts";
import { type LineServer, startLineServer } from "../check/line-server.ts";
import { chunks } from "./fake-ports.ts";

let server: LineServer;
before(async () => {
  const pem = await selfSigned({ names: ["mail.shop.example"] }, Date.now());
  server = await startLineServer({
    session: () => appSession({ speaks: "imap", security: "tls" }),
    pem,
    isImplicit: true,
  });
});
after(() => server[Symbol.asyncDispose]());

async function waybill(args: readonly string[], input = "") {
  const out: string[] = [];
  const errors: string[] = [];
  const code = await main(["node", "waybill", "check", "server", ...args], {
    stdin: chunks(input),
    stdout: { write: (text: string) => out.push(text) },
    stderr: { write: (text: string) => errors.push(text) },
    environment: {},
    world: realWorld(),
    machine: "doctor.test",
    user: "ann",
  });
  return { code, out: out.join(""), errors: errors.join("") };
}

const imap = (): string[] => [`localhost:${server.port}`, "--protocol", "imap"];
const login = ["--username", person.username, "--password-stdin"];

test("a person is told what is wrong, who can fix it, and what to set", async () => {
  const { code, out } = await waybill([...imap(), "--security", "tls"]);
  assert.equal(code, 1);
  assert.match(out, /self-signed: no authority vouches/);
  assert.match(out, /set the server name to mail\.shop\.example; now it is\s+localhost/);
});

test("the password comes on standard input, goes to no stranger, and is nowhere in the report", async () => {
  const careful = await waybill([...imap(), "--security", "tls", ...login], `${person.password}\n`);
  assert.match(careful.out, /login of ann@shop\.example was not tried/);
  const bold = await waybill(
    [...imap(), "--security", "tls", ...login, "--any-certificate", "--json"],
    person.password,
  );
  const { findings } = JSON.parse(bold.out) as { findings: { id: string }[] };
  assert.ok(findings.some(({ id }) => id === "login.good"));
  assert.ok(![careful, bold].some(({ out, errors }) => `${out}${errors}`.includes(person.password)));
});

const mistakes: readonly (readonly [RegExp, readonly string[]])[] = [
  [/Name a port, such as mail\.shop\.example:993/, ["mail.shop.example"]],
  [/Port 2525 does not tell the protocol/, ["mail.shop.example:2525"]],
  [/must be a host/, ["mail.shop.example:0"]],
  [/must be a host/, ["not a host"]],
  [/no terminal to ask for the password/, ["mail.shop.example:993", "--username", "ann"]],
  [/There is no password/, ["mail.shop.example:993", "--username", "ann", "--password-stdin"]],
];

for (const [message, args] of mistakes)
  test(`a mistake on the command line: ${args.join(" ")}`, async () => {
    const { code, errors } = await waybill(args);
    assert.equal(code, 64);
    assert.match(errors, message);
  });
