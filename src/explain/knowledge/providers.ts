// Whose server said it: by the names of servers and domains, and by what only this provider writes.
import { normalText } from "../matching/normal-text.ts";
import { WordIndex } from "../matching/word-index.ts";

export interface Provider {
  readonly name: string;
  /** Domains under which its servers and mailboxes are. */
  readonly hosts: readonly string[];
  /** What shows in a text that it is this provider's. */
  readonly marks: readonly string[];
}

export class ProviderIndex {
  readonly #byHost = new Map<string, Provider[]>();
  readonly #marks: WordIndex;
  readonly #marked: readonly Provider[];

  constructor(providers: readonly Provider[]) {
    for (const provider of providers)
      for (const host of provider.hosts) this.#byHost.set(host, [...(this.#byHost.get(host) ?? []), provider]);
    const marks = providers.flatMap((provider) => provider.marks.map((mark) => ({ provider, mark })));
    this.#marks = new WordIndex(marks.map(({ mark }) => normalText(mark).text));
    this.#marked = marks.map(({ provider }) => provider);
  }

  /** `names` are hosts and domains that took part; `text` is in normal form. */
  find(names: readonly string[], text: string): Set<Provider> {
    const found = new Set<Provider>();
    for (const name of names)
      for (let rest = name; rest !== ""; rest = afterDot(rest))
        for (const provider of this.#byHost.get(rest) ?? []) found.add(provider);
    this.#marks.find(text, (mark) => found.add(this.#marked[mark]!));
    return found;
  }
}

/** Whether the server is one of the provider's own. */
export const isHostOf = (host: string, { hosts }: Provider): boolean =>
  hosts.some((domain) => host === domain || host.endsWith(`.${domain}`));

const afterDot = (name: string): string => (name.includes(".") ? name.slice(name.indexOf(".") + 1) : "");
