// Records that stand at a wrong name: the domain doubled, an underscore lost, the name of a neighbour. Web forms of DNS make
// such mistakes easy.
import { recordsIn } from "../../dns/answer.ts";
import { act, publish } from "../finding.ts";
import { txt } from "../dns-record.ts";
import type { Asked } from "../run.ts";
import { type DomainTools, say } from "./question.ts";

interface Sought {
  /** As people call it: "DMARC". */
  readonly what: string;
  /** Where it belongs. */
  readonly name: string;
  readonly isIt: (text: string) => boolean;
  /** Besides the usual mistakes. */
  readonly alsoAt?: readonly string[];
  /** Where it is about mail that comes in. */
  readonly isOfReceiver?: true;
}

/** True: it was found elsewhere, and that was told. */
export async function tellOfMisplaced(
  { what, name, isIt, alsoAt = [], isOfReceiver }: Sought,
  asked: Asked<DomainTools>,
): Promise<boolean> {
  const { resolver, question } = asked.tools;
  const { domain } = question;
  const names = [...new Set([`${name}.${domain}`, ...withoutUnderscores(name, domain), ...alsoAt])];
  const answers = await Promise.all(
    names.filter((one) => one !== name).map(async (at) => [at, await resolver.txt(at)] as const),
  );
  for (const [at, answer] of answers) {
    const text = recordsIn(answer).find(isIt);
    if (text === undefined) continue;
    const changes = [
      publish(txt(name, text)),
      { kind: "remove", record: txt(at, text) } as const,
      act("names-in-forms"),
    ];
    const said = isOfReceiver && ({ level: "warning", whoActs: "recipient-admin" } as const);
    say(asked, "record.wrong-name", { ...said, about: at, values: { what, at, name }, evidence: [text], changes });
    return true;
  }
  return false;
}

const withoutUnderscores = (name: string, domain: string): string[] => {
  const own = name.slice(0, -domain.length);
  return own.includes("_") ? [`${own.replaceAll("_", "")}${domain}`] : [];
};
