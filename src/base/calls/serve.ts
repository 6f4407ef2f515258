// The serving side: takes all calls that wait, runs them together, and answers them together.
import { type MessagePort, parentPort, receiveMessageOnPort } from "node:worker_threads";
import { type Answer, type Call, flatten, type Letter, openingId, type Operations } from "./protocol.ts";

interface Service {
  /** Runs the calls and answers each; must not throw, nor reject. */
  readonly run: (calls: readonly Call[]) => Answer[] | Promise<Answer[]>;
  /** After the last call. */
  readonly close: () => void | Promise<void>;
}

/** Serves the thread that started this one until it says close. `open` may throw: then whoever calls is told why. */
export function serve(open: () => Service | Promise<Service>): void {
  const port = parentPort!;
  let service: Service | undefined;
  let opening: Promise<Answer> | undefined;
  const runOnceOpen = async (calls: readonly Call[]): Promise<Answer[]> => {
    const opened = await opening!;
    return opened.ok ? service!.run(calls) : calls.map(({ id }) => ({ ...opened, id }));
  };
  servePort(port, (calls) => service?.run(calls) ?? runOnceOpen(calls), {
    open: async () => {
      opening = answer({ open: async () => void (service = await open()) }, { id: openingId, name: "open", args: [] });
      port.postMessage([await opening]);
    },
    close: async () => {
      await service?.close();
      port.close();
    },
  });
}

/** Serves whoever holds the other end, and those whom it lets in, until it is closed. */
export function servePort(
  port: MessagePort,
  run: Service["run"],
  asked: { readonly open?: () => Promise<void>; readonly close?: () => Promise<void> } = {},
): void {
  port.on("message", (first: Letter) => {
    const letters = [first];
    for (let next; (next = receiveMessageOnPort(port)) !== undefined;) letters.push(next.message as Letter);
    if (letters.includes("open")) void asked.open?.();
    for (const letter of letters) if (typeof letter === "object" && "from" in letter) servePort(letter.from, run);
    const calls = letters.flatMap((letter) => (Array.isArray(letter) ? (letter as readonly Call[]) : []));
    if (calls.length > 0) post(port, run(calls));
    if (letters.includes("close")) void asked.close?.();
  });
}

function post(port: MessagePort, answers: Answer[] | Promise<Answer[]>): void {
  if (answers instanceof Promise) void answers.then((late) => port.postMessage(late));
  else port.postMessage(answers);
}

/** One call, with its failure in words. */
export function answerNow(operations: Operations, call: Call, inWords: (error: unknown) => Error = asError): Answer {
  try {
    return { id: call.id, ok: true, value: operations[call.name]!(...call.args) };
  } catch (error) {
    return { id: call.id, ok: false, error: flatten(inWords(error)) };
  }
}

/** The same of an operation that may take its time. */
export async function answer(
  operations: Operations,
  { id, name, args }: Call,
  inWords: (error: unknown) => Error = asError,
): Promise<Answer> {
  try {
    return { id, ok: true, value: await operations[name]!(...args) };
  } catch (error) {
    return { id, ok: false, error: flatten(inWords(error)) };
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
