// Who speaks, and how: EHLO, HELO, STARTTLS, XCLIENT. RFC 5321 §4.1.1.1, RFC 3207, Postfix's XCLIENT_README.
import type { Client } from "../../mail/client.ts";
import { type Known, type Next, type Rules } from "../rule.ts";
import { xclientAttributes } from "../xclient.ts";
import { answer, outOfSequence } from "./answer.ts";
import { mechanismsFor } from "./login.ts";

/** EHLO's keywords, one for each line. */
function extensions(known: Known): string[] {
  const { settings, client } = known;
  const mechanisms = mechanismsFor(known);
  return [
    "PIPELINING", // RFC 2920
    `SIZE ${settings.maxMessageBytes}`, // RFC 1870
    "8BITMIME", // RFC 6152
    "SMTPUTF8", // RFC 6531
    "CHUNKING", // RFC 3030
    "BINARYMIME", // RFC 3030
    "DSN", // RFC 3461
    "ENHANCEDSTATUSCODES", // RFC 2034
    `LIMITS RCPTMAX=${settings.maxRecipients}`, // RFC 9422
    // RFC 3207 §4.2: not any more once TLS is on
    ...(settings.offersStartTls && client.tls === undefined ? ["STARTTLS"] : []),
    ...(mechanisms.length > 0 ? [`AUTH ${mechanisms.join(" ")}`] : []), // RFC 4954 §3
    ...(settings.mayXclient ? [`XCLIENT ${xclientAttributes}`] : []),
    "HELP",
  ];
}

function startTls({ settings, client, transaction }: Known): Next {
  if (client.tls !== undefined) return outOfSequence("TLS is on already; go on");
  if (!settings.offersStartTls) return answer(502, "5.5.1", "STARTTLS is not offered here; go on without it");
  if (transaction !== undefined) return outOfSequence("a transaction is open; send RSET, then STARTTLS");
  return { kind: "start-tls" };
}

export const hello: Pick<Rules, "EHLO" | "HELO" | "STARTTLS" | "XCLIENT"> = {
  // RFC 5321 §4.1.4: either of them ends an open transaction
  EHLO: {
    check: ({ name }, known) => ({
      ...answer(250, undefined, known.settings.hostname, ...extensions(known)),
      become: { client: { ...known.client, helloName: name, protocol: "ESMTP" } },
    }),
  },
  HELO: {
    check: ({ name }, { settings, client }) => ({
      ...answer(250, undefined, settings.hostname),
      become: { client: { ...client, helloName: name, protocol: "SMTP" } },
    }),
  },
  STARTTLS: { check: (_, known) => startTls(known) },
  XCLIENT: {
    check: ({ facts }, { settings, client, transaction }) => {
      if (!settings.mayXclient) return answer(550, "5.7.0", "your address may not use XCLIENT");
      if (transaction !== undefined) return outOfSequence("a transaction is open; send RSET, then XCLIENT");
      const { address, port, protocol, tls, name } = client;
      const stated: Client = { address, port, protocol, ...(tls && { tls }), ...(name && { name }), ...facts };
      return { kind: "restart", client: stated };
    },
  },
};
