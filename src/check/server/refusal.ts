// Why a login was refused, as the server's words tell: most people are told "wrong password" by their app, whatever it was.
// RFC 5530, RFC 4954 §6, RFC 5248, RFC 3206, and what large providers say.

export type Refusal =
  /** The name, the password, or the form of the name. */
  | "wrong"
  /** No password is wanted: the app has to open the provider's own page. */
  | "oauth"
  /** A password that is made for this app only. */
  | "app-password"
  /** IMAP, POP or SMTP is switched off for this account. */
  | "switched-off"
  /** The same, for all accounts of a company. */
  | "switched-off-by-admin"
  | "locked"
  | "expired"
  /** In a browser first: the provider is suspicious. */
  | "browser"
  | "needs-tls"
  /** Logins or connections. */
  | "too-many"
  /** This network, or this account, is kept out for a while. */
  | "failed-too-often"
  /** Another program holds the POP3 mailbox. */
  | "in-use"
  /** By a fault on their side, that may pass. */
  | "unavailable"
  | "contact-admin";

/** The first that fits counts: what is more exact stands before what is said about everything. */
const words: readonly (readonly [Refusal, RegExp])[] = [
  [
    "needs-tls",
    /\[PRIVACYREQUIRED\]|^538\b|\b5\.7\.11 .*encrypt|must issue a STARTTLS|(?:plain ?text|cleartext) (?:authentication|login|password)s? (?:is |are )?(?:disallowed|disabled|not allowed|not permitted)|encryption required|(?:use|requires?) (?:TLS|SSL|STLS|STARTTLS)\b/i,
  ],
  [
    "app-password",
    /app(?:lication)?[- ]?(?:specific)?[- ]password|InvalidSecondFactor|authori[sz]ation code|parol prilozheniya|two-factor|2-step/i,
  ],
  [
    "oauth",
    /basic ?auth(?:entication)? (?:is )?(?:disabled|blocked|not (?:supported|allowed))|BasicAuthBlocked|basic authentication is disabled|modern authentication|OAuth ?2? (?:is )?(?:required|only)|(?:use|requires?) OAuth|less secure app/i,
  ],
  [
    "browser",
    /web login required|\[WEBALERT|via your web browser|WebLoginRequired|verify your (?:account|identity)|unsafe login/i,
  ],
  [
    "switched-off-by-admin",
    /SmtpClientAuthentication is disabled|security defaults|is disabled for the tenant|(?:disabled|blocked|not allowed|turned off) by (?:your |the |an )?(?:domain |organi[sz]ation |system )?(?:admin|policy|organi[sz]ation)/i,
  ],
  [
    "switched-off",
    /not enabled for (?:IMAP|POP|SMTP)|(?:IMAP|POP3?|SMTP)(?: AUTH| access| service)?(?: is)? not (?:allowed|permitted|available|enabled|included|part of)|(?:IMAP|POP3?|SMTP)(?:[/ ](?:IMAP|POP3?|SMTP))? (?:access |service )?(?:is |has been )?(?:disabled|not (?:enabled|activated|active)|switched off|turned off)|(?:yet to )?enable (?:IMAP|POP3?|SMTP)|does not have (?:IMAP|POP3?|SMTP) access|no access rights to this service|access rights to this service/i,
  ],
  [
    "expired",
    /\[EXPIRED\]|password (?:has |is )?expired|password transition|must change (?:your|the) password|^432\b.*4\.7\.12/i,
  ],
  [
    "failed-too-often",
    /too many (?:(?:failed|invalid|bad|wrong|incorrect|unsuccessful) )?(?:auth(?:entication)?|log-?in|sign-?in|password) (?:attempts|failures|errors)|too many (?:failed|invalid|bad|wrong|incorrect|unsuccessful) |AUTH005/i,
  ],
  [
    "too-many",
    /\[LIMIT\]|\[LOGIN-DELAY\]|too many|maximum number of connections|connection limit|rate ?limit|max(?:imum)? (?:concurrent )?connections|try again (?:in|after) \d/i,
  ],
  [
    "in-use",
    /\[IN-?USE\]|mailbox (?:is )?(?:already )?(?:locked|in use|busy)|maildrop (?:is )?(?:already )?(?:locked|in use)/i,
  ],
  [
    "locked",
    /(?:account|user|mailbox) (?:(?:is|has been|was|temporarily) ){0,3}(?:locked|blocked|suspended|disabled|deactivated|inactive)|locked out|^525\b|\b5\.7\.13\b|\[AUTHORIZATIONFAILED\]|account (?:lock|suspen)/i,
  ],
  // Exchange: the password is right, and the login has no mailbox here
  [
    "contact-admin",
    /authenticated but not connected|\[CONTACTADMIN\]|\[SYS\/PERM\]|contact (?:your|the) (?:system )?administrator/i,
  ],
  [
    "unavailable",
    /\[UNAVAILABLE\]|\[SYS\/TEMP\]|\[SERVERBUG\]|temporar(?:y|ily)|^4\d\d\b|try again later|internal (?:server )?error|server error/i,
  ],
];

/** `text`: with its codes, as it came. Nothing known in it: name or password were wrong. */
export const refusalOf = (text: string): Refusal => words.find(([, pattern]) => pattern.test(text))?.[0] ?? "wrong";
