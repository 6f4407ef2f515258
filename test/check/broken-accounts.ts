// Accounts that are broken in one way each, with what the doctor has to find: the finding, who can fix it, the change, and the
// verdict.
import type { AppSettings, ServerSettings } from "../../src/autoconfig/settings.ts";
import { readTyped } from "../../src/check/account/typed.ts";
import type { FindingId } from "../../src/check/finding.ts";
import type { WhoActs } from "../../src/explain/explanation.ts";
import { type BrokenParts, config, domain, impatient, pageOf, right } from "./account-lab.ts";

export interface BrokenAccount extends BrokenParts {
  /** In words, for docs/checks.md. */
  readonly what: string;
  readonly finds: FindingId;
  readonly who: WhoActs;
  /** In what is to be changed, as people read it; undefined: nothing is. */
  readonly change?: RegExp;
  /** In the verdict. */
  readonly verdict: RegExp;
  /** Findings that come along, because one thing leads to the other. */
  readonly also?: readonly FindingId[];
}

const works =
  /^Receiving with IMAP works\. Receiving with POP3 works\. Sending works\. A test message .* was removed\.$/;

/** In the app: "imap imap.shop.example:993/tls". */
const typed = (...servers: readonly string[]): { readonly typed: readonly ServerSettings[] } => ({
  typed: servers.map((text) => {
    const [protocol, place = ""] = text.split(" ");
    return readTyped(protocol as ServerSettings["protocol"], place)!;
  }),
});

const goodImap = `imap imap.${domain}:993/tls`;
const goodSmtp = `smtp smtp.${domain}:465/tls`;

const changed = (change: (server: ServerSettings) => ServerSettings): AppSettings => ({
  ...right,
  incoming: right.incoming.map(change),
  outgoing: right.outgoing.map(change),
});

const elsewhere = changed((server) => ({ ...server, host: `mail.${domain}` }));
const nothingSaid = {
  pages: {
    [pageOf.autoconfig]: { status: 404 },
    [pageOf.autodiscover]: { status: 404 },
    [pageOf.directory]: { status: 404 },
  },
  srv: "none",
} as const satisfies BrokenParts;

const onlyAutoconfig = (text: string): BrokenParts => ({
  pages: { ...nothingSaid.pages, [pageOf.autoconfig]: { text } },
  srv: "none",
});

const sources: readonly BrokenAccount[] = [
  {
    what: "the domain of the address does not exist",
    drop: ["@", "imap", "pop", "smtp", "mx", "auto"],
    pages: { [pageOf.directory]: { status: 404 } },
    srv: "none",
    finds: "domain.no-such-domain",
    who: "sender",
    change: /Compare ann@shop\.example letter by letter/,
    verdict: /There is no domain shop\.example\. See whether the address is typed correctly\./,
  },
  {
    what: "the machine's resolver is not there",
    dnsFails: "queryMx ECONNREFUSED shop.example",
    srv: "silent",
    finds: "dns.own-resolver",
    who: "sender-admin",
    change: /Start the resolver/,
    verdict: /^DNS did not answer, so nothing is known of shop\.example\./,
  },
  {
    what: "the machine's resolver answers everything with a fault",
    dnsFails: "SERVFAIL",
    srv: "silent",
    finds: "dns.own-resolver",
    who: "sender-admin",
    change: /Start the resolver/,
    verdict: /^DNS did not answer, so nothing is known of shop\.example\./,
  },
  {
    what: "no autoconfig",
    pages: { [pageOf.autoconfig]: { status: 404 } },
    finds: "settings.no-autoconfig",
    who: "recipient-admin",
    change: /https:\/\/autoconfig\.shop\.example\/mail\/config-v1\.1\.xml/,
    verdict: works,
  },
  {
    what: "no Autodiscover",
    pages: { [pageOf.autodiscover]: { status: 404 } },
    finds: "settings.no-autodiscover",
    who: "recipient-admin",
    change: /https:\/\/autodiscover\.shop\.example/,
    verdict: works,
  },
  {
    what: "no SRV records for mail apps",
    srv: "none",
    finds: "settings.no-srv",
    who: "recipient-admin",
    change: /_imaps\._tcp\.shop\.example/,
    verdict: works,
  },
  {
    what: "DNS does not say whether there are SRV records",
    srv: "silent",
    finds: "settings.srv-unknown",
    who: "recipient-admin",
    change: /name servers/,
    verdict: works,
  },
  {
    what: "SRV records say that nothing is offered",
    srv: Object.fromEntries(
      ["_imaps", "_imap", "_pop3s", "_pop3", "_submissions", "_submission"].map((name) => [
        `${name}._tcp.${domain}`,
        [{ priority: 0, weight: 0, port: 0, target: "" }],
      ]),
    ),
    finds: "settings.not-offered",
    who: "recipient-admin",
    change: /Publish SRV records/,
    verdict: works,
  },
  {
    what: "nobody says which servers there are, and guessing finds them",
    ...nothingSaid,
    finds: "settings.none",
    who: "recipient-admin",
    change: /Offer settings/,
    verdict: /^Receiving with IMAP works/,
  },
  {
    what: "nobody says which servers there are, and guessing finds none",
    ...nothingSaid,
    drop: ["imap", "pop", "smtp"],
    finds: "settings.nothing-to-try",
    who: "sender",
    change: /--imap HOST/,
    verdict: /^No mail servers of shop\.example were found\. Ask your provider/,
    also: ["settings.none"],
  },
  {
    what: "autoconfig is no XML",
    pages: { [pageOf.autoconfig]: { text: "<clientConfig><emailProvider>" } },
    finds: "settings.unreadable",
    who: "recipient-admin",
    change: /Mend the settings at https:\/\/autoconfig/,
    verdict: works,
  },
  {
    what: "a web page stands where settings are looked for",
    pages: { [pageOf.autoconfig]: { contentType: "text/html", text: "<!DOCTYPE html><title>Welcome</title>" } },
    finds: "settings.web-page",
    who: "recipient-admin",
    change: /answer 404/,
    verdict: works,
  },
  {
    what: "autoconfig is offered without encryption only",
    pages: { [pageOf.autoconfig]: { status: 404 } },
    plainPages: { [pageOf.autoconfig]: { text: config() } },
    finds: "settings.only-http",
    who: "recipient-admin",
    change: /certificate/,
    verdict: works,
  },
  {
    what: "the web servers with the settings have certificates of nobody",
    isWebStrange: true,
    finds: "settings.web-certificate",
    who: "recipient-admin",
    change: /Get the web server autoconfig\.shop\.example a certificate/,
    verdict: works,
  },
  {
    what: "the web server with the settings is broken",
    pages: { [pageOf.autoconfig]: { status: 503 } },
    finds: "settings.web-failed",
    who: "recipient-admin",
    change: /See to the web server autoconfig\.shop\.example/,
    verdict: works,
  },
  {
    what: "autoconfig is behind a redirect without encryption",
    pages: { [pageOf.autoconfig]: { status: 302, location: "http://else.example/config.xml" } },
    finds: "settings.redirect",
    who: "recipient-admin",
    change: /by https/,
    verdict: works,
  },
  {
    what: "Autodiscover sends apps round in circles",
    pages: {
      [pageOf.autodiscover]: { status: 302, location: `https://${pageOf.autodiscoverAtDomain}` },
      [pageOf.autodiscoverAtDomain]: { status: 302, location: `https://${pageOf.autodiscover}` },
    },
    finds: "settings.redirect",
    who: "recipient-admin",
    change: /send on to one page that has them/,
    verdict: works,
  },
  {
    what: "Autodiscover does not know the address",
    pages: {
      [pageOf.autodiscover]: {
        text: '<?xml version="1.0"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"><Response><Error Time="10:00:00" Id="1"><ErrorCode>500</ErrorCode><Message>The email address cannot be found.</Message></Error></Response></Autodiscover>',
      },
    },
    finds: "settings.autodiscover-error",
    who: "recipient-admin",
    change: /Mend the settings at https:\/\/autodiscover/,
    verdict: works,
  },
  {
    what: "Autodiscover wants a login",
    pages: { [pageOf.autodiscover]: { status: 401 } },
    finds: "settings.asks-login",
    who: "nobody",
    verdict: works,
  },
  {
    what: "a part of the settings is of no use",
    pages: { [pageOf.autoconfig]: { text: config().replace("<port>143</port>", "<port>many</port>") } },
    finds: "settings.skipped",
    who: "recipient-admin",
    change: /Mend the settings/,
    verdict: works,
  },
  {
    what: "the settings name no server for sending",
    pages: {
      [pageOf.autoconfig]: { text: config().replaceAll(/<outgoingServer[\s\S]*<\/outgoingServer>/g, "") },
    },
    finds: "settings.incomplete",
    who: "recipient-admin",
    change: /Mend the settings/,
    verdict: works,
  },
  {
    what: "the settings say no encryption",
    ...onlyAutoconfig(
      config({
        ...right,
        incoming: [{ ...right.incoming[1]!, security: "none" }],
        outgoing: [{ ...right.outgoing[1]!, security: "none" }],
      }),
    ),
    finds: "settings.unencrypted",
    who: "recipient-admin",
    change: /Mend the settings at https:\/\/autoconfig/,
    verdict: /^Receiving and sending fail: the settings say no encryption: .* Set security to STARTTLS\.$/,
    also: ["settings.wrong", "login.clear-text", "login.needs-tls"],
  },
  {
    what: "the settings name a host that does not exist",
    ...onlyAutoconfig(config(elsewhere)),
    finds: "settings.no-such-host",
    who: "recipient-admin",
    change: /Correct the name mail\.shop\.example/,
    verdict:
      /^Receiving and sending fail: there is no server called mail\.shop\.example\. Your settings are not the reason/,
    also: ["settings.wrong"],
  },
  {
    what: "the settings name the wrong security",
    ...onlyAutoconfig(
      config(changed((server) => ({ ...server, security: server.security === "tls" ? "starttls" : "tls" }))),
    ),
    question: { limits: impatient },
    finds: "settings.wrong",
    who: "recipient-admin",
    change: /Mend the settings at https:\/\/autoconfig/,
    verdict:
      /^Receiving and sending fail: imap\.shop\.example wants SSL\/TLS on port 993, and the settings say something else\. Set security to SSL\/TLS\.$/,
  },
  {
    what: "two sources contradict one another",
    add: ["mail.@ A 192.0.2.20"],
    srv: {
      [`_imaps._tcp.${domain}`]: [{ priority: 0, weight: 1, port: 993, target: `mail.${domain}` }],
      [`_imap._tcp.${domain}`]: [{ priority: 0, weight: 1, port: 143, target: `mail.${domain}` }],
    },
    finds: "settings.contradict",
    who: "recipient-admin",
    change: /Mend the SRV records of shop\.example/,
    verdict: works,
  },
  {
    what: "the user name differs from source to source",
    pages: {
      [pageOf.autodiscover]: {
        text: `<?xml version="1.0"?><Autodiscover><Response><Account><AccountType>email</AccountType><Action>settings</Action><Protocol><Type>IMAP</Type><Server>imap.${domain}</Server><Port>993</Port><SSL>on</SSL><LoginName>ann</LoginName></Protocol><Protocol><Type>SMTP</Type><Server>smtp.${domain}</Server><Port>465</Port><SSL>on</SSL><LoginName>ann</LoginName></Protocol></Account></Response></Autodiscover>`,
      },
    },
    finds: "settings.contradict",
    who: "recipient-admin",
    change: /Mend the settings at https:\/\/autodiscover/,
    verdict: works,
  },
  {
    what: "the public directory is out of date",
    add: ["mail.@ A 192.0.2.20"],
    pages: { [pageOf.directory]: { text: config(elsewhere) } },
    finds: "settings.directory-differs",
    who: "recipient-admin",
    change: /send a correction to those who keep the directory/,
    verdict: works,
  },
];

const settings: readonly BrokenAccount[] = [
  {
    what: "port 465 without TLS in the app",
    question: { ...typed(goodImap, `smtp smtp.${domain}:465/none`), limits: impatient },
    finds: "typed.security",
    who: "sender",
    change:
      /In the mail app, outgoing server \(SMTP\), set security to SSL\/TLS; now it is no encryption\nOr set the port to 587 with STARTTLS/,
    verdict:
      /^Receiving works\. Sending fails: your app uses port 465 without TLS\. Set security to SSL\/TLS, or port to 587 with STARTTLS\.$/,
    also: ["security.tls-expected"],
  },
  {
    what: "STARTTLS on port 993 in the app",
    question: { ...typed(`imap imap.${domain}:993/starttls`, goodSmtp), limits: impatient },
    finds: "typed.security",
    who: "sender",
    change: /incoming server \(IMAP\), set security to SSL\/TLS; now it is STARTTLS/,
    verdict:
      /^Receiving fails: your app uses port 993 with STARTTLS\. Set security to SSL\/TLS, or port to 143 with STARTTLS\. Sending works\./,
    also: ["security.tls-expected"],
  },
  {
    what: "SSL/TLS on port 587 in the app",
    question: typed(goodImap, `smtp smtp.${domain}:587/tls`),
    finds: "typed.port",
    who: "sender",
    change: /set port to 465; now it is 587\nOr set the security to STARTTLS/,
    verdict:
      /Sending fails: your app uses port 587 with SSL\/TLS, and the server begins without\. Set port to 465, or security to STARTTLS\./,
    also: ["security.text-expected"],
  },
  {
    what: "a port in the app that the server does not have",
    question: typed(`imap imap.${domain}:585/tls`, goodSmtp),
    finds: "typed.port",
    who: "sender",
    change: /set port to 993; now it is 585/,
    verdict: /^Receiving fails: imap\.shop\.example does not answer on port 585\. Set port to 993\. Sending works/,
    also: ["connection.other-port"],
  },
  {
    what: "port 25 in the app",
    question: typed(goodImap, `smtp smtp.${domain}:25/starttls`),
    finds: "typed.port",
    who: "sender",
    change: /set port to 587; now it is 25/,
    verdict: /Sending fails: smtp\.shop\.example does not answer on port 25\. Set port to 587\./,
    also: ["connection.other-port"],
  },
  {
    what: "a typing mistake in the server name in the app",
    question: typed(`imap imap.shop.exmaple:993/tls`, goodSmtp),
    finds: "typed.host",
    who: "sender",
    change: /set server to imap\.shop\.example; now it is imap\.shop\.exmaple/,
    verdict: /^Receiving fails: there is no server called imap\.shop\.exmaple\. Set server to imap\.shop\.example\./,
    also: ["name.no-such"],
  },
  {
    what: "the web server's name in the app",
    question: typed(goodImap, `smtp ${domain}:465/tls`),
    finds: "typed.host",
    who: "sender",
    change: /set server to smtp\.shop\.example; now it is shop\.example/,
    verdict: /Sending fails: shop\.example does not answer on port 465\. Set server to smtp\.shop\.example\./,
    also: ["connection.refused"],
  },
  {
    what: "a name in the app that the certificate does not have",
    add: ["alias.@ A 192.0.2.20"],
    question: typed(`imap alias.${domain}:993/tls`, goodSmtp),
    finds: "typed.host",
    who: "sender",
    change: /set server to imap\.shop\.example; now it is alias\.shop\.example/,
    verdict:
      /^Receiving fails: alias\.shop\.example does not prove that it is the right server: .* Set server to imap\.shop\.example\./,
    also: ["certificate.other-name", "login.unproven"],
  },
  {
    what: "no encryption in the app, and the server would take it",
    question: typed(`imap imap.${domain}:143/none`, goodSmtp),
    finds: "typed.security",
    who: "sender",
    change: /set security to STARTTLS; now it is no encryption/,
    verdict:
      /^Receiving fails: your app uses port 143 without TLS: your password would not be encrypted\. Set security to STARTTLS/,
    also: ["security.none", "login.clear-text", "login.needs-tls"],
  },
  {
    what: "the user name in the app is not that of the settings, and the login was not tried",
    question: { ...typed(goodImap, goodSmtp), username: "ann", password: undefined },
    finds: "typed.username",
    who: "sender",
    change: /set user name to ann@shop\.example; now it is ann/,
    verdict: /^Receiving: the server answers as it should\. Whether the login works was not tried\. Sending: /,
  },
  {
    what: "a user name without the domain in the app",
    question: { ...typed(goodImap, goodSmtp), username: "ann" },
    finds: "login.other-name",
    who: "sender",
    change: /set the user name to ann@shop\.example; now it is ann/,
    verdict:
      /^Receiving and sending fail: imap\.shop\.example does not know the user name ann, but it knows ann@shop\.example\. Set user name to ann@shop\.example\./,
  },
  {
    what: "SRV records only, and a server that knows what stands before the @",
    pages: nothingSaid.pages,
    host: { username: "ann" },
    finds: "login.other-name",
    who: "sender",
    change: /set the user name to ann; now it is ann@shop\.example/,
    verdict: /^Receiving and sending fail: .* Set user name to ann\./,
  },
];

const login = (text: { readonly imap: string; readonly smtp: string }): BrokenParts => ({
  host: { login: text },
  question: typed(goodImap, goodSmtp),
});

const servers: readonly BrokenAccount[] = [
  {
    what: "a wrong password",
    question: { password: "not this one" },
    finds: "login.wrong",
    who: "sender",
    change: /Type the password again/,
    verdict:
      /^Receiving and sending fail: imap\.shop\.example says that the user name or the password is wrong\. Type the password again/,
  },
  {
    what: "the provider wants an app password",
    ...login({
      imap: "NO [ALERT] Application-specific password required",
      smtp: "534 5.7.9 Application-specific password required",
    }),
    finds: "login.app-password",
    who: "sender",
    change: /make an app password/,
    verdict: /^Receiving and sending fail: .* Make an app password on your provider's web page/,
  },
  {
    what: "the provider takes no passwords any more (OAuth)",
    ...login({
      imap: "NO LOGIN failed: basic authentication is disabled",
      smtp: "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
    }),
    finds: "login.oauth",
    who: "sender",
    change: /choose OAuth2/,
    verdict: /fail: imap\.shop\.example takes no typed passwords; .* Remove the account from the app, and add it again/,
  },
  {
    what: "the account is locked",
    ...login({ imap: "NO [AUTHORIZATIONFAILED] account is locked", smtp: "535 5.7.13 User account is locked" }),
    finds: "login.locked",
    who: "provider",
    change: /Ask the provider/,
    verdict: /fail: your account is locked\./,
  },
  {
    what: "mail apps are switched off for the account",
    ...login({
      imap: "NO [ALERT] Your account is not enabled for IMAP use.",
      smtp: "535 5.7.1 SMTP access is disabled for your account",
    }),
    finds: "login.switched-off",
    who: "sender",
    change: /switch on IMAP/,
    verdict: /fail: mail apps are switched off for your account\. Switch on mail apps/,
  },
  {
    what: "the company has switched off sending by mail apps",
    host: {
      login: { smtp: "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant." },
    },
    question: typed(goodImap, goodSmtp),
    finds: "login.switched-off-by-admin",
    who: "recipient-admin",
    change: /Ask those who look after the mail accounts to allow SMTP logins/,
    verdict: /Sending fails: your company or provider has switched off mail apps .* Ask those who look after/,
  },
  {
    what: "too many logins failed, with an old password in some app",
    host: { login: { imap: "NO [UNAVAILABLE] Too many failed login attempts, try again later" } },
    question: typed(goodImap, goodSmtp),
    finds: "login.failed-too-often",
    who: "sender",
    change: /Correct the password in every app and device/,
    verdict: /^Receiving fails: .* too many logins failed\. Correct the password .* wait an hour\./,
  },
  {
    what: "POP3's port is typed for IMAP",
    question: typed("imap imap.shop.example:995/tls", goodSmtp),
    finds: "greeting.other-protocol",
    who: "sender",
    change: /set port to 993/,
    verdict: /port 995 is not the mail server that is needed\. Set port to 993\. Sending works\./,
    also: ["typed.port"],
  },
  {
    what: "the servers for receiving and sending are swapped",
    question: typed("imap smtp.shop.example:465/tls", "smtp imap.shop.example:993/tls"),
    finds: "greeting.other-protocol",
    who: "sender",
    change: /set port to 993/,
    verdict:
      /Set server to imap\.shop\.example\. Set port to 993\. Sending fails: .* Set server to smtp\.shop\.example/,
    also: ["typed.host", "typed.port"],
  },
  {
    what: "too many apps are logged in",
    host: { login: { imap: "NO [LIMIT] Too many simultaneous connections." } },
    question: typed(goodImap, goodSmtp),
    finds: "login.too-many",
    who: "sender",
    change: /Close other mail programs/,
    verdict:
      /^Receiving fails: too many apps .* Wait a quarter of an hour, and close other mail apps\. Sending works\./,
  },
  {
    what: "no mail server listens",
    closed: [993, 143],
    question: typed(goodImap, goodSmtp),
    finds: "connection.refused",
    who: "recipient-admin",
    change: /Start the mail server|listen/,
    verdict: /^Receiving fails: imap\.shop\.example does not answer on port 993\. Your settings are not the reason/,
  },
  {
    what: "the mail servers' certificate is for another name",
    certificate: "other-name",
    question: typed(goodImap, goodSmtp),
    finds: "certificate.other-name",
    who: "recipient-admin",
    change: /certificate that is for imap\.shop\.example/,
    verdict: /^Receiving and sending fail: .* certificate is wrong\. Your settings are not the reason/,
    also: ["login.unproven"],
  },
  {
    what: "the server turns everybody away",
    host: { greeting: { smtp: "421 4.3.2 down for maintenance" } },
    question: typed(goodImap, goodSmtp),
    finds: "server.refuses-us",
    who: "nobody",
    change: /Read the reply/,
    verdict: /Sending fails: smtp\.shop\.example turns you away, and says: 421/,
  },
  {
    what: "the inbox does not open",
    host: { open: "NO [SERVERBUG] Internal error occurred." },
    question: typed(goodImap, goodSmtp),
    finds: "receive.inbox",
    who: "provider",
    change: /why the inbox cannot be opened/,
    verdict: /^Receiving fails: the login works, but your inbox does not open\. /,
  },
  {
    what: "the mailbox is full, as IMAP says",
    host: { quota: "1000 1000" },
    question: typed(goodImap, goodSmtp),
    finds: "account.full",
    who: "sender",
    change: /Delete mail that you do not need/,
    verdict: /^Receiving fails: your mailbox is full\. Delete mail, and empty the bin\. Sending works/,
  },
  {
    what: "the mailbox is full, as the outgoing server says",
    host: { rcpt: "552 5.2.2 <ann@shop.example>: user is over quota" },
    finds: "account.full",
    who: "sender",
    change: /Delete mail/,
    verdict: /Sending fails: your mailbox is full\. Delete mail/,
  },
  {
    what: "the sender is not permitted",
    host: { mail: "553 5.7.1 <ann@shop.example>: Sender address rejected: not owned by user ann" },
    finds: "send.sender-refused",
    who: "sender",
    change: /Set the e-mail address of the account in the mail app/,
    verdict:
      /Sending fails: your login works, but it may not send as ann@shop\.example\. Set the e-mail address in the app to your own\./,
  },
  {
    what: "the server takes no mail to the person's own address",
    host: { rcpt: "550 5.7.1 relaying denied" },
    finds: "send.recipient-refused",
    who: "provider",
    change: /why this account cannot send/,
    verdict: /Sending fails: your login works, but the server takes no mail to ann@shop\.example\./,
  },
  {
    what: "the message is refused",
    host: { content: "554 5.7.1 Message rejected as spam by content scanning" },
    finds: "send.message-refused",
    who: "provider",
    change: /Read what the server said/,
    verdict: /Sending fails: the server refused the message, and said: 554/,
  },
  {
    what: "the account has sent as much as it may today",
    host: { content: "550 5.4.5 Daily user sending limit exceeded" },
    finds: "send.limit",
    who: "sender",
    change: /at most until tomorrow/,
    verdict: /Sending fails: your account has sent as much as it may for now\. Wait some hours/,
  },
  {
    what: "the message to oneself does not arrive",
    host: { folder: null },
    finds: "message.not-found",
    who: "sender",
    change: /Look in an hour/,
    verdict: /Sending works\. A test message to yourself was taken, but did not arrive in time/,
  },
  {
    what: "the message to oneself arrives among the spam",
    host: { folder: "Spam" },
    finds: "message.in-junk",
    who: "provider",
    change: /waybill check domain shop\.example/,
    verdict: /A test message to yourself arrived among the spam\./,
  },
  {
    what: "the message to oneself cannot be removed again",
    host: { expunge: "NO [CANNOT] not allowed" },
    finds: "message.not-removed",
    who: "sender",
    change: /Delete the message with the subject/,
    verdict: /A test message to yourself arrived/,
  },
];

export const brokenAccounts: readonly BrokenAccount[] = [...sources, ...settings, ...servers];
