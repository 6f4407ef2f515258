// A resolver that remembers what it was asked, what came back and how long that took: for those who explain a decision.
import type { World } from "../base/world.ts";
import type { Answer, MxRecord, Resolver } from "./resolver.ts";

type QuestionType = "MX" | "A" | "AAAA" | "TXT" | "PTR";

export interface Question {
  readonly type: QuestionType;
  /** In lower case; of PTR the address. */
  readonly name: string;
  readonly answer: Answer<string | MxRecord>;
  readonly tookMs: number;
}

export interface RecordingResolver extends Resolver {
  /** In the order of the answers. */
  readonly questions: readonly Question[];
}

/** Same promises as `resolver`. A question that was asked before is answered from memory and stands in the list once. */
export function recordingResolver(resolver: Resolver, world: World): RecordingResolver {
  const questions: Question[] = [];

  const record = <T extends string | MxRecord>(
    type: QuestionType,
    ask: (name: string) => Promise<Answer<T>>,
  ): ((name: string) => Promise<Answer<T>>) => {
    const asked = new Map<string, Promise<Answer<T>>>();
    const askNow = async (name: string): Promise<Answer<T>> => {
      const start = world.now();
      const answer = await ask(name);
      questions.push({ type, name, answer, tookMs: world.now() - start });
      return answer;
    };
    return (anyCase) => {
      const name = anyCase.toLowerCase();
      const answer = asked.get(name) ?? askNow(name);
      asked.set(name, answer);
      return answer;
    };
  };

  return {
    questions,
    mx: record("MX", (name) => resolver.mx(name)),
    a: record("A", (name) => resolver.a(name)),
    aaaa: record("AAAA", (name) => resolver.aaaa(name)),
    txt: record("TXT", (name) => resolver.txt(name)),
    ptr: record("PTR", (name) => resolver.ptr(name)),
  };
}
