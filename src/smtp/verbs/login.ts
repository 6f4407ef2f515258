// Who sends: AUTH. RFC 4954
import type { CommandOf } from "../command.ts";
import type { Known, Next, Rules } from "../rule.ts";
import { answer, outOfSequence } from "./answer.ts";

/** What EHLO offers now: nothing to who has logged in already. */
export const mechanismsFor = ({ settings, client }: Known): readonly string[] =>
  client.account === undefined ? (settings.mechanisms?.(client) ?? []) : [];

function checkAuth({ mechanism, response }: CommandOf<"AUTH">, known: Known): Next {
  const { settings, client, transaction } = known;
  if (settings.mechanisms === undefined)
    return answer(502, "5.5.1", "AUTH is not offered here; mail apps log in on another port, as a rule 465 or 587");
  if (client.account !== undefined) return outOfSequence("you are logged in already; go on"); // RFC 4954 §4
  if (transaction !== undefined) return outOfSequence("a transaction is open; send RSET, then AUTH");
  if (client.helloName !== undefined && client.protocol === "SMTP") return outOfSequence("send EHLO instead of HELO");
  const offered = mechanismsFor(known);
  if (offered.includes(mechanism)) return { kind: "login", mechanism, response };
  if (offered.length === 0 && client.tls === undefined)
    return answer(
      538, // RFC 4954 §6
      "5.7.11",
      "turn on encryption (STARTTLS) for the outgoing server in your mail app's settings; a password sent without it is read by others: if it was a real one, change it",
    );
  return answer(504, "5.5.4", `mechanism ${mechanism} is not known here; there is ${offered.join(", ")}`);
}

export const login: Pick<Rules, "AUTH"> = { AUTH: { check: checkAuth } };
