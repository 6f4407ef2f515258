// The causes: everything that can go wrong with mail, by name, and who can set it right.
import causesFile from "./causes.json" with { type: "json" };

/** The names in causes.json; each has a page in docs/causes/. */
export type CauseName = keyof (typeof causesFile)["causes"];

/** Who can set it right. The administrators are those of the mail server on that side; `nobody`: waiting is enough. */
export type WhoActs = "sender" | "sender-admin" | "recipient" | "recipient-admin" | "provider" | "nobody";

export interface CauseFacts {
  readonly whoActs: WhoActs;
  /** It lies in the address: nothing sent there can arrive. */
  readonly address: boolean;
  /** It may pass by itself: waiting is worth while. */
  readonly passes: boolean;
  readonly steps: readonly string[];
  readonly sources: readonly string[];
}

export const isCause = (name: string): name is CauseName => Object.hasOwn(causesFile.causes, name);
export const causeNames = Object.keys(causesFile.causes) as CauseName[];

export function causeFacts(name: CauseName): CauseFacts {
  const facts: { whoActs: string; address?: boolean; passes?: boolean; steps: string[]; sources: string[] } =
    causesFile.causes[name];
  return {
    ...facts,
    whoActs: facts.whoActs as WhoActs,
    address: facts.address === true,
    passes: facts.passes === true,
  };
}
