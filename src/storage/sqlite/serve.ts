// The worker's side: takes all calls that wait, runs them together, and answers them together.
import { parentPort, receiveMessageOnPort } from "node:worker_threads";
import { type Answer, type Call, flatten, type Letter, openingId, type Operations } from "./protocol.ts";

export interface Service {
  /** Runs the calls and answers each; must not throw. */
  readonly run: (calls: readonly Call[]) => Answer[];
  readonly close: () => void;
}

/** Serves until told to close. `open` may throw: then whoever asked is told why. */
export function serve(open: () => Service): void {
  const port = parentPort!;
  let service: Service | undefined;
  const opening = (): Answer =>
    answer(
      { open: () => void (service = open()) },
      { id: openingId, name: "open", args: [] },
      (error) => error as Error,
    );
  port.on("message", (first: Letter) => {
    const letters = [first];
    for (let next; (next = receiveMessageOnPort(port)) !== undefined;) letters.push(next.message as Letter);
    if (letters.includes("open")) port.postMessage([opening()]);
    const calls = letters.flatMap((letter) => (typeof letter === "string" ? [] : letter));
    if (calls.length > 0) port.postMessage(service!.run(calls));
    if (!letters.includes("close")) return;
    service?.close();
    port.close();
  });
}

/** One call, with its failure in words. */
export function answer(operations: Operations, call: Call, inWords: (error: unknown) => Error): Answer {
  try {
    return { id: call.id, ok: true, value: operations[call.name]!(...call.args) };
  } catch (error) {
    return { id: call.id, ok: false, error: flatten(inWords(error)) };
  }
}
