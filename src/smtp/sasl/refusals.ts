// Why a login fails, in words for the person at the mail app: what to change, and nothing that helps to guess. RFC 4954 §6.
import { waitText } from "../../mail/duration.ts";
import { reply } from "../../mail/reply.ts";
import type { LoginResult } from "./credentials.ts";
import type { SaslOutcome } from "./exchange.ts";

type Refused = Extract<SaslOutcome, { kind: "refused" }>;

const refused = (code: number, enhanced: `${4 | 5}.${number}.${number}`, text: string): Refused => ({
  kind: "refused",
  reply: reply(code, enhanced, text),
});

/** The same for a wrong name and a wrong password. */
export const wrongPassword = refused(
  535,
  "5.7.8",
  "the login failed; check the user name and the password in your mail app's settings for outgoing mail; the user name may have to be your whole address",
);

export const wrongToken = refused(
  535,
  "5.7.8",
  "the login failed: the access token is not valid here, or not any more; sign in again in your mail app's account settings",
);

/** What came is not what the mechanism's RFC says. */
export const malformed = (mechanism: string): Refused =>
  refused(501, "5.5.2", `this is not a ${mechanism} message; choose another way to log in in your mail app's settings`);

/** RFC 5802 §6: somebody in between may have taken the -PLUS out of our EHLO. */
export const downgraded = refused(
  535,
  "5.7.8",
  "the login failed: your mail app was not told that SCRAM-SHA-256-PLUS is offered here; someone between you and this server changes what we say, so use another network",
);

export const unboundChannel = refused(
  535,
  "5.7.8",
  "the login failed: this way to bind it to the encryption is not known here, or does not fit; use tls-exporter, tls-server-end-point, or SCRAM-SHA-256",
);

/** RFC 4616 §2, RFC 5801 §4: an authorization identity that is not the user's own. */
export const otherIdentity = refused(
  535,
  "5.7.8",
  "the login failed: it asks to act as another user, which is not possible here; log in as that user, or leave the field empty",
);

export const unavailable = (trouble: string): Refused => ({
  ...refused(
    454,
    "4.7.0",
    "logins cannot be checked at the moment; nothing is wrong with your password, try again later",
  ),
  trouble,
});

/** A check's result as the exchange's outcome; `wrong`: what a refused login is told. */
export function outcomeOf(
  result: LoginResult,
  wrong: Refused = wrongPassword,
): Exclude<SaslOutcome, { kind: "challenge" }> {
  switch (result.kind) {
    case "accepted":
      return { kind: "accepted", account: result.account };
    case "refused":
      return naming(wrong, result.account);
    case "unavailable":
      return unavailable(result.because);
    case "limited":
      return naming(tooManyFailures(result.retryAfterMs), result.account);
  }
}

/** Not for the client: the reply stays the same. */
const naming = (outcome: Refused, account: string | undefined): Refused =>
  account === undefined ? outcome : { ...outcome, account };

const tooManyFailures = (retryAfterMs: number): Refused =>
  refused(
    454,
    "4.7.0",
    `too many failed logins; try again in ${waitText(Math.max(60_000, retryAfterMs))}, with the right password in your mail app's settings for outgoing mail`,
  );
