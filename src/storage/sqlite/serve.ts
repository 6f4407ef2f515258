// The worker's side: takes all calls that wait, runs them together, and answers them together.
import { parentPort, receiveMessageOnPort } from "node:worker_threads";
import { type Answer, type Call, flatten, type Letter, type Operations, type Ready } from "./protocol.ts";

export interface Service {
  readonly operations: Operations;
  /** Runs the calls and answers each; must not throw. */
  readonly run: (calls: readonly Call[]) => Answer[];
  readonly close: () => void;
}

/** Serves until told to close. `open` may throw: then the starter is told why. */
export function serve(open: () => Service): void {
  const port = parentPort!;
  let service: Service;
  try {
    service = open();
  } catch (error) {
    port.postMessage(flatten(error as Error) satisfies Ready);
    return;
  }
  port.on("message", (first: Letter) => {
    const letters = [first];
    for (let next; (next = receiveMessageOnPort(port)) !== undefined;) letters.push(next.message as Letter);
    const calls = letters.flatMap((letter) => (letter === "close" ? [] : letter));
    if (calls.length > 0) port.postMessage(service.run(calls));
    if (!letters.includes("close")) return;
    service.close();
    port.close();
  });
  port.postMessage(undefined satisfies Ready);
}

/** One call, with its failure in words. */
export function answer(operations: Operations, call: Call, inWords: (error: unknown) => Error): Answer {
  try {
    return { id: call.id, ok: true, value: operations[call.name]!(...call.args) };
  } catch (error) {
    return { id: call.id, ok: false, error: flatten(inWords(error)) };
  }
}
