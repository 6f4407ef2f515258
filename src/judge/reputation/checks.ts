// What reputation says to a client: bad senders are refused, poor ones marked, in words that say what was seen, since
// when, and how to be forgiven.
import { isPostmaster } from "../../mail/address.ts";
import type { World } from "../../base/world.ts";
import { roughDuration } from "../../mail/failure-text.ts";
import { asciiLine } from "../../mail/printable.ts";
import type { Client } from "../../mail/client.ts";
import { type EnhancedCode, reply, type Reply, replyLineChars } from "../../mail/reply.ts";
import type { Identity } from "../../mail/verdict.ts";
import { type Check, type Facts, type Finding, nothing } from "../check.ts";
import { faded } from "../sender-record.ts";
import type { SenderMemory } from "./sender-memory.ts";
import { networkIdentity } from "./learn.ts";
import { identityId, identityText, isUsed, type Standing, standing, type StandingSettings } from "./standing.ts";

interface CheckParts {
  readonly world: Pick<World, "now">;
  readonly settings: StandingSettings;
  readonly hostname: string;
  readonly memory: SenderMemory;
  readonly standingAt: (identity: Identity, client: Client) => Standing | Promise<Standing>;
}

const name = "reputation";

/** Less of a network's accepted mail than this is none. */
const noneAccepted = 0.1;

export const reputationChecks = (parts: CheckParts): Check[] => [
  { name, phase: "connect", judge: (facts) => atConnect(parts, facts) },
  { name, phase: "content", judge: (facts) => atContent(parts, facts) },
];

/** A network is shut out as a whole only when nothing good came from it: a good sender, or our people, may have bad neighbours. */
function atConnect(
  { memory, world, settings, hostname }: CheckParts,
  { client, trusted }: Facts,
): Finding | Promise<Finding> {
  if (trusted || client.account !== undefined) return nothing;
  const network = networkIdentity(client);
  const id = identityId(network);
  const decide = (known: Awaited<ReturnType<SenderMemory["recall"]>>): Finding => {
    const record = known.get(id);
    const times = { now: world.now(), halfLifeMs: settings.halfLifeMs };
    const found = standing(record, { ...settings, ...times });
    if (found.class !== "bad") return nothing;
    const accepted = record?.tallies["accepted"];
    const isUseful = accepted !== undefined && faded(accepted, times) >= noneAccepted;
    if (!found.pinned && (isUseful || isUsed(record, times.now))) return nothing;
    // RFC 5321 §3.1: 554 at the greeting: no mail is taken from this client
    return { kind: "refuse", check: name, reply: refusal(554, network, { found, settings, hostname }) };
  };
  const known = memory.recall([id]);
  return known instanceof Promise ? known.then(decide) : decide(known);
}

function atContent(parts: CheckParts, { client, trusted, content }: Facts): Finding | Promise<Finding> {
  if (trusted || content === undefined || content.identity.kind === "account") return nothing;
  const { identity, recipients } = content;
  const who = identity.kind === "network" ? networkIdentity(client) : identity;
  const decide = (found: Standing): Finding => {
    // whoever is refused by mistake must be able to say so
    const mayBeRefused = recipients.length === 0 || !recipients.every(({ address }) => isPostmaster(address));
    if (found.class === "bad" && mayBeRefused)
      return { kind: "refuse", check: name, reply: refusal(550, who, { found, ...parts }) };
    if (found.class === "good" || found.class === "unknown") return nothing;
    const because = `the reputation of ${identityText(who)} is ${found.class} (${found.score} of 100): ${found.because}`;
    return { kind: "mark", check: name, because };
  };
  const found = parts.standingAt(identity, client);
  return found instanceof Promise ? found.then(decide) : decide(found);
}

interface Said {
  readonly found: Standing;
  readonly settings: Pick<StandingSettings, "halfLifeMs">;
  readonly hostname: string;
}

const enhanced: EnhancedCode = "5.7.1";

function refusal(code: 550 | 554, who: Identity, { found, settings, hostname }: Said): Reply {
  const fades = `every ${roughDuration(settings.halfLifeMs)} without more of it, half of this is forgotten`;
  const lines = [
    `we take no mail from ${identityText(who)}: its reputation here is bad (${found.score} of 100)`,
    found.because,
    `${found.pinned ? "" : `${fades}; `}if this is a mistake, write to postmaster@${hostname}${code === 554 ? " from elsewhere" : ""}`,
  ];
  return reply(code, enhanced, ...lines.map((line) => asciiLine(line, replyLineChars)));
}
