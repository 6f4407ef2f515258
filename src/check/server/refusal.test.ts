// What providers say when they refuse a login, and what is meant.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Refusal, refusalOf } from "./refusal.ts";

const said: readonly (readonly [Refusal, string])[] = [
  ["wrong", "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)"],
  ["wrong", "535 5.7.8 Username and Password not accepted. For more information, go to https://support.example/x"],
  ["wrong", "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect."],
  ["wrong", "-ERR [AUTH] Authentication failed."],
  ["wrong", "NO LOGIN failed."],
  ["wrong", "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6"],
  ["wrong", "535 Authentication credentials invalid"],
  ["app-password", "534 5.7.9 Application-specific password required. Learn more at https://support.example/x"],
  ["app-password", "NO [ALERT] Application-specific password required: https://support.example/x (Failure)"],
  ["app-password", "535 Login Fail. Please enter your authorization code to login."],
  ["app-password", "535 5.7.0 NEOBHODIM parol prilozheniya / Application password is REQUIRED"],
  ["oauth", "535 5.7.139 Authentication unsuccessful, basic authentication is disabled. [X.example]"],
  ["oauth", "NO [AUTHENTICATIONFAILED] LogonDenied-BasicAuthBlocked"],
  ["switched-off", "550 5.7.1 SMTP AUTH is not enabled for this mailbox"],
  ["switched-off", "-ERR POP3 access is not allowed for your account"],
  ["contact-admin", "NO User is authenticated but not connected."],
  [
    "switched-off-by-admin",
    "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy.",
  ],
  [
    "switched-off-by-admin",
    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
  ],
  ["switched-off", "NO [ALERT] Your account is not enabled for IMAP use. Please visit your account settings page"],
  ["switched-off", "NO [AUTHENTICATIONFAILED] LOGIN invalid credentials or IMAP is disabled"],
  ["switched-off", "535 5.7.8 POP3/IMAP disabled"],
  ["switched-off", "NO [ALERT] You are yet to enable IMAP for your account. Please contact your administrator"],
  ["browser", "534 5.7.14 Please log in via your web browser and then try again."],
  ["browser", "NO [WEBALERT https://accounts.example/signin/continue] Web login required."],
  ["locked", "NO [AUTHORIZATIONFAILED] User account is disabled"],
  ["locked", "525 5.7.13 User account disabled"],
  ["expired", "NO [EXPIRED] Your password has expired"],
  ["expired", "432 4.7.12 A password transition is needed"],
  ["needs-tls", "NO [PRIVACYREQUIRED] Plaintext authentication disallowed on non-secure (SSL/TLS) connections."],
  ["needs-tls", "530 5.7.0 Must issue a STARTTLS command first"],
  ["needs-tls", "538 5.7.11 Encryption required for requested authentication mechanism"],
  ["too-many", "NO [LIMIT] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)"],
  ["failed-too-often", "535 5.7.0 (#AUTH005) Too many bad auth attempts."],
  ["failed-too-often", "421 4.7.0 Too many failed login attempts, try again later"],
  ["failed-too-often", "* BYE Too many authentication failures"],
  ["switched-off-by-admin", "NO IMAP logins are blocked by your organization's policy"],
  ["too-many", "-ERR [LOGIN-DELAY] minimum time between mail checks violation"],
  ["too-many", "NO [ALERT] Too many simultaneous connections. (Failure)"],
  ["in-use", "-ERR [IN-USE] Do you have another POP session running?"],
  ["in-use", "-ERR Mailbox is locked by another session"],
  ["unavailable", "NO [UNAVAILABLE] Temporary authentication failure. [mail:2026-01-01 00:00:00]"],
  ["unavailable", "454 4.7.0 Temporary authentication failure: Connection lost to authentication server"],
  ["unavailable", "-ERR [SYS/TEMP] Temporary system problem. Please try again later."],
  ["contact-admin", "NO [CONTACTADMIN] Ask for the second form"],
];

for (const [refusal, text] of said)
  test(`${refusal}: ${text}`, () => {
    assert.equal(refusalOf(text), refusal);
  });
