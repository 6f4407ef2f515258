// What came from the visitor's network, told: kinds of things only, and of logins only what belongs to the name that was
// typed on this page. Whoever shares the network learns no names from it.
import type { ServerSettings } from "../../autoconfig/settings.ts";
import type { Instant } from "../../base/world.ts";
import type { Language } from "../../explain/explanation.ts";
import type { RecentVisits, SeenHappening, SeenSession } from "../../receive/visits.ts";
import { fill, type Texts, texts } from "./languages/texts.ts";
import type { Whose } from "./question.ts";

export interface Line {
  readonly level: "good" | "bad" | "info";
  readonly text: string;
  readonly at: Instant;
}

export interface Story {
  readonly lines: readonly Line[];
  /** The message was taken; the login worked; neither. */
  readonly reached: "accepted" | "login" | "nothing";
}

interface StoryParts {
  readonly language: Language;
  readonly whose: Whose;
  readonly outgoing: readonly ServerSettings[];
  readonly visits: Pick<RecentVisits, "isName">;
  readonly now: Instant;
}

/** Whoever has said nothing for so long waits for something. */
const patienceMs = { tls: 5_000, login: 10_000 } as const;

type SeenKey = keyof Texts["seen"];
type Of<Kind extends SeenHappening["kind"]> = Extract<SeenHappening, { kind: Kind }>;

export function tell({ happenings }: SeenSession, parts: StoryParts): Story {
  const lines: Line[] = [];
  let reached: Story["reached"] = "nothing";
  for (const happening of happenings) {
    const told = tellOne(happening, parts);
    lines.push(...told.lines);
    if (told.reached !== undefined) reached = told.reached;
    if (told.isOfOthers) return { lines, reached };
  }
  return { lines: [...lines, ...silence(happenings, parts)], reached };
}

interface Told {
  readonly lines: readonly Line[];
  readonly reached?: Story["reached"];
  /** What follows is nobody's business. */
  readonly isOfOthers?: true;
}

function tellOne(happening: SeenHappening, parts: StoryParts): Told {
  const { at } = happening;
  const line = (level: Line["level"], key: SeenKey, more: Values = {}): Told => ({
    lines: [{ level, at, text: words(key, parts, more) }],
  });
  switch (happening.kind) {
    case "connected":
      return line("info", `connected-${happening.security}`, { port: String(happening.port) });
    case "early-tls":
      return line("bad", "early-tls");
    case "secured":
      return line("good", "secured", { version: happening.version.replace("TLSv", "TLS ") });
    case "not-secured":
      return line("bad", happening.fault);
    case "login":
      return tellLogin(happening, parts);
    case "refused":
      return line("bad", `refused-${happening.stage}`);
    case "accepted":
      return { ...line("good", "accepted"), reached: "accepted" };
  }
}

function tellLogin({ at, mechanism, name, fault }: Of<"login">, parts: StoryParts): Told {
  const line = (level: Line["level"], key: SeenKey): Line => {
    const how = mechanism === "" ? "" : fill(texts[parts.language].seen.how, { mechanism });
    return { level, at, text: words(key, parts, { how }) };
  };
  if (name === undefined) return { lines: [line(fault === undefined ? "info" : "bad", outcomeKey(fault))] };
  const form = nameForm(name, parts);
  if (form === "unknown" || form === "other") return { lines: [line("info", `name-${form}`)], isOfOthers: true };
  if (fault === undefined) return { lines: [line("good", "login-ok")], reached: "login" };
  const advice = form === "right" ? [] : [line("bad", form === "local" ? "name-form-local" : "name-form-address")];
  return { lines: [line("bad", outcomeKey(fault)), ...advice] };
}

const outcomeKey = (fault: Of<"login">["fault"]): SeenKey => (fault === undefined ? "login-ok" : `login-${fault}`);

/** Compared with what the visitor typed: "right" is what belongs into the app. */
function nameForm(
  seen: string,
  { whose: { localPart, domain }, outgoing, visits }: StoryParts,
): "right" | "local" | "address" | "other" | "unknown" {
  if (localPart === undefined) return "unknown";
  const address = `${localPart}@${domain}`;
  const right = outgoing[0]?.username ?? address;
  if (visits.isName(seen, right)) return "right";
  if (visits.isName(seen, localPart)) return "local";
  return visits.isName(seen, address) ? "address" : "other";
}

/** Nothing more came: what that means. */
function silence(happenings: readonly SeenHappening[], parts: StoryParts): Line[] {
  const last = happenings.at(-1);
  if (last === undefined) return [];
  const waitedMs = parts.now - last.at;
  const bad = (key: SeenKey): Line[] => [{ level: "bad", at: last.at, text: words(key, parts) }];
  if (last.kind === "connected" && last.security === "implicit" && waitedMs > patienceMs.tls) return bad("waiting");
  return last.kind === "secured" && waitedMs > patienceMs.login ? bad("no-login") : [];
}

type Values = Parameters<typeof fill>[1];

function words(key: SeenKey, { language, outgoing }: StoryParts, more: Values = {}): string {
  const portOf = (security: ServerSettings["security"]): string | undefined =>
    outgoing.find((server) => server.security === security)?.port.toString();
  return fill(texts[language].seen[key], { starttls: portOf("starttls"), tls: portOf("tls"), ...more });
}
