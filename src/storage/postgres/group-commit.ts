// Group commit: calls that come while a transaction is under way share the next one. A call that fails does not take the
// others with it.
import { isRefusal } from "./words.ts";

export interface GroupOptions<Call, Answer> {
  /** All of them in one transaction. */
  readonly run: (calls: readonly Call[]) => Promise<Answer[]>;
  /** Of one transaction, at most. */
  readonly mostCalls: number;
  /** Of one transaction, at most, unless a single call is larger. */
  readonly mostBytes: number;
  readonly bytesOf: (call: Call) => number;
}

interface Waiting<Call, Answer> {
  readonly call: Call;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit<Call, Answer> {
  readonly #options: GroupOptions<Call, Answer>;
  #waiting: Waiting<Call, Answer>[] = [];
  #working: Promise<void> | undefined;

  constructor(options: GroupOptions<Call, Answer>) {
    this.#options = options;
  }

  add(call: Call): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#waiting.push({ call, resolve, reject });
    this.#working ??= this.#work();
    return promise;
  }

  /** When all calls made so far are answered. */
  async idle(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve)); // the calls of this turn go together
    while (this.#waiting.length > 0) await this.#together(this.#next());
    this.#working = undefined;
  }

  #next(): Waiting<Call, Answer>[] {
    const { mostCalls, mostBytes, bytesOf } = this.#options;
    let bytes = 0;
    const tooMany = this.#waiting.findIndex(({ call }, i) => {
      bytes += bytesOf(call);
      return i >= mostCalls || (i > 0 && bytes > mostBytes);
    });
    return this.#waiting.splice(0, tooMany === -1 ? this.#waiting.length : tooMany);
  }

  async #together(group: readonly Waiting<Call, Answer>[]): Promise<void> {
    try {
      const answers = await this.#options.run(group.map(({ call }) => call));
      for (const [i, { resolve }] of group.entries()) resolve(answers[i]!);
    } catch (error) {
      // what the server refused is rolled back: one by one, so that only the guilty one fails
      if (group.length > 1 && isRefusal(error)) for (const one of group) await this.#together([one]);
      else for (const { reject } of group) reject(error);
    }
  }
}
