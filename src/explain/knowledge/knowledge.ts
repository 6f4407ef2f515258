// What is known of failures, put together: causes, codes and rules, checked when they are loaded. All of it is data in JSON.
import type { Permanence, ReplyStage } from "../explanation.ts";
import { keyListsOf, type Phrase, parsePhrase, readPhrase } from "../matching/phrase.ts";
import { PhraseIndex } from "../matching/phrase-index.ts";
import { type Provider, ProviderIndex } from "./providers.ts";
import { type CauseName, isCause } from "./causes.ts";
import { ruleFiles } from "./rule-files.ts";

/** A file of rules as it is written (docs/adding-a-cause.md). */
export interface RuleFile {
  readonly about: string;
  /** The provider whose replies these are; without it they are anybody's. */
  readonly provider?: string;
  /** Domains under which its mail servers are. */
  readonly hosts?: readonly string[];
  /** What shows in a text, in lower case, that it is this provider's. */
  readonly marks?: readonly string[];
  readonly source?: string;
  readonly rules: readonly WrittenRule[];
}

export interface WrittenRule {
  readonly says?: string | readonly string[];
  readonly codes?: readonly number[];
  /** subject.detail; `7.*` is any detail. */
  readonly enhanced?: readonly string[];
  readonly stage?: readonly string[];
  /** true: only 4xx; false: only 5xx. */
  readonly transient?: boolean;
  readonly cause: string;
  /** Vague words: any firm wording and any telling code outranks them. */
  readonly rank?: string;
  /** Where it differs from what the code says. */
  readonly permanence?: string;
  /** What the provider asks of the sender's administrator. */
  readonly remedy?: string;
  readonly source?: string;
  readonly example?: string | readonly string[];
}

export interface Rule {
  /** File and number, as people look it up. */
  readonly name: string;
  readonly provider?: Provider;
  readonly cause: CauseName;
  readonly weak: boolean;
  readonly codes?: readonly number[];
  readonly enhanced?: readonly string[];
  readonly stages?: readonly ReplyStage[];
  readonly transient?: boolean;
  readonly permanence?: Permanence;
  readonly remedy?: string;
  readonly source?: string;
  readonly examples: readonly string[];
}

/** What counts more: words before codes, and whoever is known to have said them before anybody. */
export const ranks = {
  providerWords: 6,
  words: 5,
  providerCode: 4,
  tellingCode: 3,
  weakWords: 2,
  vagueCode: 1,
} as const;

export interface RankedPhrase {
  /** As it is written: taken apart it needs thirty times the room, so phraseOf() does that where it is needed. */
  readonly says: string;
  readonly rule: Rule;
  readonly rank: number;
}

export interface Knowledge {
  /** In the order of their rank. */
  readonly phrases: readonly RankedPhrase[];
  readonly index: PhraseIndex;
  /** Rules that go by codes alone. */
  readonly byCode: readonly Rule[];
  readonly providers: ProviderIndex;
  readonly rules: readonly Rule[];
}

const stages: ReadonlySet<string> = new Set<ReplyStage>(["connect", "hello", "tls", "login", "mail", "rcpt", "data"]);
const permanences: ReadonlySet<string> = new Set<Permanence>(["temporary", "permanent", "over"]);

/** Throws an Error with every mistake of the files: which file, which rule, what is wrong and what to write. */
export function buildKnowledge(files: Readonly<Record<string, RuleFile>>): Knowledge {
  const mistakes: string[] = [];
  const parsed: (RankedPhrase & { readonly keys: readonly (readonly string[])[] })[] = [];
  const byCode: Rule[] = [];
  const providers: Provider[] = [];
  const rules: Rule[] = [];
  for (const [fileName, file] of Object.entries(files)) {
    const provider = providerOf(file);
    if (provider) providers.push(provider);
    file.rules.forEach((written, i) => {
      const name = `${fileName}, rule ${i + 1}`;
      const complain = (what: string): unknown => mistakes.push(`${name}: ${what}`);
      const rule = checkedRule(written, { name, provider, source: file.source, complain });
      if (rule === undefined) return;
      rules.push(rule);
      const wordings = written.says === undefined ? [] : [written.says].flat();
      if (wordings.length === 0) byCode.push(rule);
      for (const says of wordings) {
        try {
          parsed.push({ says, keys: keyListsOf(parsePhrase(says)), rule, rank: rankOf(rule) });
        } catch (error) {
          complain((error as Error).message);
        }
      }
    });
  }
  if (mistakes.length > 0) throw new Error(mistakes.join("\n"));
  parsed.sort((a, b) => b.rank - a.rank);
  const index = new PhraseIndex(parsed.map(({ keys }) => keys));
  const phrases = parsed.map(({ says, rule, rank }) => ({ says, rule, rank }));
  return { phrases, byCode, providers: new ProviderIndex(providers), rules, index };
}

/** Phrases that some text has needed: a server meets a few hundred of the thousands. */
const read = new Map<string, Phrase>();

export function phraseOf({ says }: RankedPhrase): Phrase {
  let phrase = read.get(says);
  if (phrase === undefined) {
    phrase = readPhrase(says);
    read.set(says, phrase);
  }
  return phrase;
}

const rankOf = ({ weak, provider }: Rule): number =>
  weak ? ranks.weakWords : provider === undefined ? ranks.words : ranks.providerWords;

const providerOf = ({ provider, hosts = [], marks = [] }: RuleFile): Provider | undefined =>
  provider === undefined ? undefined : { name: provider, hosts, marks };

function checkedRule(
  written: WrittenRule,
  about: {
    readonly name: string;
    readonly provider: Provider | undefined;
    readonly source: string | undefined;
    readonly complain: (what: string) => unknown;
  },
): Rule | undefined {
  const { says, codes, enhanced, stage, transient, cause, rank, permanence, remedy, source, example } = written;
  const { name, provider, complain } = about;
  if (!isCause(cause))
    return void complain(`there is no cause "${cause}": take one of the names in docs/causes/README.md`);
  if (says === undefined && codes === undefined && enhanced === undefined && stage === undefined)
    return void complain('it fits everything: give it words ("says"), "codes", "enhanced" or "stage"');
  const badStage = stage?.find((one) => !stages.has(one));
  if (badStage !== undefined) return void complain(`"${badStage}" is no stage: write one of ${[...stages].join(", ")}`);
  if (permanence !== undefined && !permanences.has(permanence))
    return void complain(`"${permanence}" is no permanence: write one of ${[...permanences].join(", ")}`);
  if (rank !== undefined && rank !== "weak")
    return void complain(`"${rank}" is no rank: write "weak", or leave it out`);
  const itsSource = source ?? about.source;
  return {
    name,
    cause,
    weak: rank === "weak",
    examples: example === undefined ? [] : [example].flat(),
    ...(provider && { provider }),
    ...(codes && { codes }),
    ...(enhanced && { enhanced }),
    ...(stage && { stages: stage as readonly ReplyStage[] }),
    ...(transient !== undefined && { transient }),
    ...(permanence !== undefined && { permanence: permanence as Permanence }),
    ...(remedy !== undefined && { remedy }),
    ...(itsSource !== undefined && { source: itsSource }),
  };
}

let own: Knowledge | undefined;

/** What Waybill knows; put together when it is first asked for. */
export const ownKnowledge = (): Knowledge => (own ??= buildKnowledge(ruleFiles));

/** With an operator's own files, whose rules come first among equals. */
export const extendedKnowledge = (files: Readonly<Record<string, RuleFile>>): Knowledge =>
  buildKnowledge({ ...files, ...ruleFiles });

/** From now on this process knows an operator's own rules, too. For the composition root, before anything is explained. */
export function learn(files: Readonly<Record<string, RuleFile>>): void {
  own = extendedKnowledge(files);
}
