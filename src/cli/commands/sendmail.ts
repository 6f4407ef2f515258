// `waybill sendmail`: what programs that send mail by running sendmail expect.
import { randomUUID } from "node:crypto";
import { type Address, parseAddress } from "../../mail/address.ts";
import type { Context } from "../context.ts";
import { controlClient, readConfig } from "../control-client.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { completeMessage } from "../message-completion.ts";
import { parseSendmailArguments, type SendmailRequest } from "../sendmail-arguments.ts";
import { readMessage } from "../standard-input.ts";
import { submitMessage } from "../submit.ts";
import { listQueue } from "./queue-list.ts";

export const sendmailHelp = `Usage: waybill sendmail [options] [recipient...]

Take a message from standard input and hand it to the running Waybill. Also when Waybill is called as \`sendmail\`
(a symbolic link to it); \`mailq\` lists the queue.

Options:
  -t               take recipients from To, Cc and Bcc too
  -f, -r ADDRESS   the envelope's sender; "<>" for none (default: you at this machine)
  -F NAME          the name in From, when the message has no From
  -i, -oi          a line with only a dot does not end the message
  -N WISHES        notices wanted: never, or success, failure, delay joined by commas
  -R full|hdrs     how much of the message comes back in a notice
  -V ENVID         your own name for it, repeated in notices
  -bp, -q          list the queue
  -C, --config FILE
                   the server's configuration (default: ./waybill.toml, or WAYBILL_CONFIG)
  -o..., -O...     and other options of sendmail that say how to deliver are taken and ignored

Example:
  $ printf 'Subject: Hello\\n\\nHow are you?\\n' | waybill sendmail -f ann@example.org bob@example.net
`;

/** `argv` without the program's name. Rejects with a CommandError in words. */
export async function sendmail(argv: readonly string[], context: Context): Promise<void> {
  const request = parseSendmailArguments(argv);
  switch (request.kind) {
    case "help":
      context.stdout.write(sendmailHelp);
      return;
    case "wrong":
      throw new CommandError(exitCodes.usage, request.text);
    case "list":
      return listQueue(controlClient((await configOf(request, context)).data_dir, "waybill start"), context, {});
    case "send":
      return send(request, context);
  }
}

const configOf = ({ configFile }: { configFile?: string }, { environment }: Context) =>
  readConfig(configFile ?? environment["WAYBILL_CONFIG"]);

async function send(request: Extract<SendmailRequest, { kind: "send" }>, context: Context): Promise<void> {
  const config = await configOf(request, context);
  const hostname = config.hostname ?? context.machine;
  const from = request.sender === undefined ? `${context.user}@${hostname}` : senderOf(request.sender, hostname);
  const { content, recipients, needsSmtpUtf8 } = completeMessage(await readMessage(context.stdin, request.dotEnds), {
    author: from === "" ? `MAILER-DAEMON@${hostname}` : from,
    ...(request.fullName !== undefined && { fullName: request.fullName }),
    at: context.world.now(),
    messageId: `<${randomUUID()}@${hostname}>`,
  });
  const named = [...request.recipients, ...(request.readRecipients ? recipients : [])];
  const to = [...new Set(named.map((text) => addressOf(text, hostname)))];
  if (to.length === 0)
    throw new CommandError(exitCodes.badData, "No recipients: the message names none in To, Cc or Bcc.");
  const { notify, ret, envid } = request;
  const query = { from, to, notify, ret, envid, ...(needsSmtpUtf8 && { smtpUtf8: "true" }) };
  // programs keep what could not be sent now, and give up on EX_UNAVAILABLE
  const control = controlClient(config.data_dir, "waybill start", exitCodes.tryAgain);
  await submitMessage(control, query, content);
}

const senderOf = (text: string, hostname: string): string =>
  text === "" || text === "<>" ? "" : addressOf(text, hostname);

/** A name without a domain is at this host. */
function addressOf(text: string, hostname: string): Address {
  const bare = text.replace(/^<(.*)>$/, "$1");
  const address = parseAddress(bare.includes("@") ? bare : `${bare}@${hostname}`);
  if (address !== undefined) return address;
  throw new CommandError(exitCodes.badData, `"${text}" is not a mail address such as ann@example.org.`);
}
