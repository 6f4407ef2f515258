// What a mail server means that says no: found in its words, then in its codes, then in the stage.
// RFC 5321 §4.2.3, RFC 3463 §3, RFC 5248 and the registry it began.
import type { Failure, Stage } from "../mail/failure.ts";
import { isTransient } from "../mail/reply.ts";
import { type Cause, shared, steps } from "./words.ts";

type Refused = Extract<Failure, { kind: "refused" }>;

interface Rule {
  readonly cause: Cause;
  /** Only words that mean this and nothing else: they outrank the codes, which many servers use at random. */
  readonly words?: RegExp;
  /** subject.detail of the enhanced code. */
  readonly enhanced?: RegExp;
  readonly codes?: readonly number[];
  readonly stages?: readonly Stage[];
  /** 4xx answers only. */
  readonly transient?: true;
}

const { checkAddress, askForAddress, sendLater, tellRecipient, tellTheirAdmin, tellOurAdmin } = steps;

const named = /(?:user|recipient|mailbox|account|address|alias)/.source;

/** In order: the first rule that fits counts. */
const rules: readonly Rule[] = [
  {
    cause: shared.noLogin,
    enhanced: /^7\.(?:8|9|11|12)$/,
    codes: [530, 534, 535, 538],
    stages: ["auth"],
  },
  {
    cause: {
      status: "7.10",
      summary: "The other mail server only takes mail over an encrypted connection, and there was none.",
      whoActs: "our-admin",
      steps: [tellOurAdmin],
    },
    words: /(?:issue|use|require).{0,20}(?:starttls|\btls\b|encrypt)|(?:starttls|\btls\b|encryption).{0,20}required/,
    enhanced: /^7\.(?:10|29|30)$/,
    stages: ["starttls"],
  },
  {
    cause: {
      status: "7.26",
      summary: "The other mail server could not make sure that the message really comes from you.",
      whoActs: "our-admin",
      steps: [
        "Forward this notice to the people who look after your mail. The settings that show who may send for your domain (SPF, DKIM and DMARC) need a check.",
      ],
    },
    words: /\b(?:spf|dkim|dmarc)\b|unauthenticated|(?:not|fail|lack).{0,20}authenticat(?:ed|ion) (?:check|result|info)/,
    enhanced: /^7\.(?:2[0-46]|3[01])$/,
  },
  {
    cause: {
      status: "7.25",
      summary: "The other mail server does not accept ours, because the name of our mail server is not set up right.",
      whoActs: "our-admin",
      steps: [tellOurAdmin],
    },
    words: /reverse (?:dns|lookup|host)|\bptr\b|\brdns\b|reverse.{0,20}(?:record|name)/,
    enhanced: /^7\.25$/,
  },
  {
    cause: {
      status: "7.28",
      summary: "The other mail server has had too much mail in a short time, from us or for this recipient.",
      whoActs: "nobody",
      steps: [sendLater, "If this goes on, forward this notice to the people who look after your mail."],
    },
    words:
      /rate.?limit|throttl|unusual rate|too (?:many|much) (?:messages|mails?|e-?mails|connections|concurrent)|(?:too|very) (?:fast|quickly|frequent)|(?:sending|hourly|daily|relay) (?:rate|limit|quota) (?:is |was )?(?:exceed|reach)|quota for sending|(?:high|excessive|unexpected) volume|at a rate/,
    enhanced: /^7\.28$/,
  },
  {
    cause: shared.mailboxFull,
    words:
      /(?:mail)?box (?:is )?(?:over)?full|over ?quota|quota.{0,30}(?:exceeded|full|reached)|(?:exceed|out of|over).{0,30}(?:quota|storage)|mailbox .{0,20}exceed|not enough .{0,20}space.{0,20}mailbox/,
    enhanced: /^2\.2$/,
  },
  {
    cause: {
      status: "7.1",
      summary:
        "The other mail server asks servers that it does not know to call again later, as a protection against spam.",
      whoActs: "nobody",
      steps: ["Send the message again in an hour."],
    },
    words: /gr[ae]y.?list/,
    transient: true,
  },
  {
    cause: {
      status: "7.0",
      summary: "The other mail server believes that the message or a file attached to it is dangerous.",
      whoActs: "sender",
      steps: [
        "Send the message again without attached files; share them through a link instead.",
        "If no file was attached, have your computer checked for viruses.",
      ],
    },
    words:
      /\bvirus|malware|\binfected|(?:attachment|file extension).{0,40}(?:not allowed|block|prohibit|forbidden|reject)|(?:illegal|dangerous|forbidden|executable) attachment/,
  },
  {
    cause: {
      status: "6.0",
      summary: "The other mail server found that the message is not written as a mail message should be.",
      whoActs: "sender",
      steps: ["Send the message again from another mail program.", tellOurAdmin],
    },
    words:
      /rfc ?(?:5322|2822|822)\b|(?:malformed|invalid|missing|multiple|duplicate).{0,30}(?:header|message-id|from:)|bare (?:cr|lf)/,
    enhanced: /^6\.\d+$/,
  },
  {
    cause: {
      status: "7.1",
      summary: "The mail server that we were told to use for {domain} says that it does not take mail for that domain.",
      whoActs: "their-admin",
      steps: [checkAddress, tellRecipient, tellTheirAdmin],
    },
    words:
      /relay(?:ing)?(?: access)? (?:is )?(?:denied|not (?:permitted|allowed)|prohibited|refused)|(?:unable|not (?:permitted|allowed)|cannot|refuse) to relay|(?:no|not) relay/,
  },
  {
    cause: {
      status: "7.1",
      summary: "The other mail server does not trust our mail server, and takes no mail from it.",
      whoActs: "our-admin",
      steps: [
        "Forward this notice to the people who look after your mail. The last lines show them which list or rule it is.",
        "Reach the recipient in another way for now.",
      ],
    },
    words:
      /(?:black|block|deny).?list|spamhaus|spamcop|\b(?:dns|r|u?ri?)bl\b|\bsorbs\b|uceprotect|(?:bad|poor|low) reputation|reputation of|\b(?:ip|ips|host|client|network|server)\b.{0,60}(?:blocked|banned|listed|refused|denied)|(?:blocked|listed|banned).{0,40}\b(?:ip|client|host)\b/,
  },
  {
    cause: {
      status: "7.1",
      summary: "The other mail server took your message for spam.",
      whoActs: "sender",
      steps: [
        "Write the message in other words, with fewer links and without attached files, and send it again.",
        "Ask the recipient, in another way, to put your address on their list of trusted senders.",
      ],
    },
    words: /\bspam\b|\bspammy\b|unsolicited|junk mail|\bbulk (?:mail|email)|content (?:filter|reject)|message content/,
    enhanced: /^7\.(?:18|19)$/,
  },
  {
    cause: shared.loop,
    words: /too many (?:hops|received)|(?:mail|routing|message) loop|loops? back/,
    enhanced: /^4\.6$/,
  },
  {
    cause: {
      status: "2.1",
      summary: "The mailbox exists, but it is closed and takes no mail.",
      whoActs: "recipient",
      steps: ["Ask the recipient in another way, for example by telephone, which address to use."],
    },
    words: new RegExp(
      `${named}.{0,60}\\b(?:disabled|inactive|suspended|deactivated|closed|locked)|(?:disabled|inactive|suspended) ${named}`,
    ),
    enhanced: /^2\.1$/,
  },
  {
    cause: {
      status: "1.8",
      summary: "The other mail server does not accept your own address as the sender.",
      whoActs: "our-admin",
      steps: [
        "Check that your mail program has your own address right.",
        "If so, forward this notice to the people who look after your mail.",
      ],
    },
    words: /sender (?:address )?(?:rejected|denied|refused|invalid|verif)|(?:invalid|unknown) sender|domain of sender/,
    enhanced: /^(?:1\.[789]|7\.27)$/,
  },
  {
    cause: shared.unknownMailbox,
    words: new RegExp(
      `no such .{0,20}${named}|(?:unknown|invalid|non.?existent|nonexistant) (?:local |virtual )?${named}|${named}.{0,60}(?:unknown|not found|does(?: not|n.t) exist|not exist|not listed|isn.t listed|invalid)|no longer (?:valid|on |available)|no mailbox|not a (?:valid|known) ${named}|(?:doesn.t|does not) have .{0,20}account`,
    ),
    enhanced: /^1\.(?:1|4)$/,
  },
  {
    cause: shared.tooBig,
    words:
      /(?:message|mail|size|attachment).{0,40}too (?:big|large)|\b(?:size|bytes)\b.{0,40}exceed|exceed.{0,40}\b(?:size|bytes)\b|size limit/,
    enhanced: /^(?:2\.3|3\.4)$/,
  },
  {
    cause: {
      status: "5.3",
      summary: "The other mail server takes no more recipients at once.",
      whoActs: "sender",
      steps: ["Send the message again to fewer people at a time."],
    },
    words: /too many recipients/,
    enhanced: /^5\.3$/,
  },
  {
    cause: {
      status: "1.6",
      summary: "The recipient has moved to another address.",
      whoActs: "sender",
      steps: [
        "Look for the new address in the last lines of this notice, or ask the recipient for it.",
        "Send the message again to the new address.",
      ],
    },
    enhanced: /^1\.6$/,
    codes: [551],
  },
  { cause: shared.noMail, enhanced: /^1\.10$/, codes: [521, 556] },
  {
    cause: {
      status: "1.3",
      summary: "The other mail server cannot read this address: it is not written as an address should be.",
      whoActs: "sender",
      steps: [checkAddress, askForAddress],
    },
    enhanced: /^1\.3$/,
  },
  {
    cause: {
      status: "1.2",
      summary: "The other mail server does not know the domain {domain}.",
      whoActs: "sender",
      steps: [checkAddress, askForAddress],
    },
    enhanced: /^1\.2$|^4\.4$/,
  },
  {
    cause: {
      status: "7.2",
      summary: "Only some people may write to this address, and you are not one of them.",
      whoActs: "recipient",
      steps: ["Ask the recipient, or the owner of the mailing list, to let your messages through."],
    },
    words:
      /not (?:authorized|allowed|permitted) to (?:send|post)|only (?:accepts?|members)|restricted (?:address|recipient|mailbox|to)/,
    enhanced: /^(?:7\.2|2\.4)$/,
  },
  {
    cause: {
      status: "3.1",
      summary: "The other mail server has no room left for new mail.",
      ...shared.theirsBroken,
    },
    words: /insufficient (?:system )?(?:storage|disk)|disk (?:is )?full|out of (?:disk|memory)/,
    enhanced: /^3\.1$/,
  },
  {
    cause: {
      status: "7.1",
      summary: "The other mail server asks us to call again later; many do this with servers they do not know.",
      whoActs: "nobody",
      steps: [sendLater],
    },
    enhanced: /^7\.1$/,
    transient: true,
  },
  {
    cause: {
      status: "7.1",
      summary: "The other mail server has a rule that forbids this message.",
      whoActs: "recipient",
      steps: [
        "Read the other server's words at the end: they may name the rule.",
        "Ask the recipient, in another way, to let your messages through.",
        "If that does not help, forward this notice to the people who look after your mail.",
      ],
    },
    words: /polic(?:y|ies)/,
    enhanced: /^7\.\d+$/,
  },
  {
    cause: {
      status: "3.0",
      summary: "The other mail server is busy or out of order at present.",
      ...shared.theirsBroken,
    },
    enhanced: /^[34]\.\d+$/,
    transient: true,
  },
  {
    cause: {
      status: "2.0",
      summary: "The recipient's mailbox cannot take mail at present.",
      whoActs: "recipient",
      steps: [sendLater, tellRecipient],
    },
    enhanced: /^2\.\d+$/,
    codes: [450],
    transient: true,
  },
  { cause: shared.tooBig, codes: [552] },
  {
    cause: {
      status: "5.0",
      summary: "The other mail server did not understand ours.",
      whoActs: "our-admin",
      steps: [tellOurAdmin],
    },
    enhanced: /^5\.[0-24]$/,
    codes: [500, 502, 503, 504],
  },
];

const refusesUs: Cause = {
  status: "3.2",
  summary: "The mail server for {domain} refuses to take mail from our mail server.",
  whoActs: "our-admin",
  steps: [tellOurAdmin, "Reach the recipient in another way for now."],
};

const refusesMessage: Cause = {
  status: "0.0",
  summary: "The other mail server refused the message when it had seen it.",
  whoActs: "recipient",
  steps: [
    "Read the other server's words at the end: they may name the reason.",
    "Ask the recipient, in another way, to let your messages through.",
  ],
};

/** Nothing in the reply tells: all that is known is where it said no. */
const byStage: Record<Stage, Cause> = {
  greeting: refusesUs,
  hello: refusesUs,
  starttls: refusesUs,
  auth: shared.noLogin,
  mail: {
    status: "1.0",
    summary: "The other mail server does not take mail from your address.",
    whoActs: "our-admin",
    steps: ["Check that your mail program has your own address right.", tellOurAdmin],
  },
  rcpt: {
    status: "1.0",
    summary: "The other mail server does not take mail for this address.",
    whoActs: "sender",
    steps: [checkAddress, askForAddress],
  },
  data: refusesMessage,
  content: refusesMessage,
  quit: refusesMessage,
};

const busy: Cause = {
  status: "3.0",
  summary: "The other mail server could not take the message at present.",
  ...shared.theirsBroken,
};

/** What the refusal means; `{domain}` is still in it. */
export function causeOfRefusal({ reply, stage }: Refused): Cause {
  // what an address of a web page says is not what the server says
  const said = reply.lines
    .join(" ")
    .replaceAll(/https?:\/\/\S+/gi, "")
    .slice(0, 2_000)
    .toLowerCase();
  // some put a code of another class into the text, where it does not count as the reply's own
  const detail = (reply.enhanced ?? /\b[45]\.\d{1,3}\.\d{1,3}\b/.exec(said)?.[0])?.slice(2) ?? "";
  const fitting = rules.filter(({ transient }) => !transient || isTransient(reply));
  const rule =
    fitting.find(({ words, stages }) => words?.test(said) || stages?.includes(stage)) ??
    fitting.find(({ enhanced, codes }) => enhanced?.test(detail) || codes?.includes(reply.code));
  return rule?.cause ?? (isTransient(reply) ? busy : byStage[stage]);
}
