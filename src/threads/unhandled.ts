// Promises that were rejected and that nobody waits for: a hook began something and forgot it, or we did.
import type { Log } from "../journal/log.ts";

const text =
  "a promise was rejected, and nobody waits for it: the server goes on. If the stack names a hook, let it await what it begins, or catch; else this is a fault of Waybill: please report it";

/**
 * Without this, Node.js would end the process, and anybody whose mail a hook stumbles over could stop the server. What is
 * thrown and not caught still ends it: nobody knows what was left half done. Of this thread, until it is disposed of.
 */
export function surviveRejections({ logger }: Pick<Log, "logger">): Disposable {
  const tell = (reason: unknown): void =>
    logger.error({ err: reason instanceof Error ? reason : new Error(String(reason)) }, text);
  process.on("unhandledRejection", tell);
  return { [Symbol.dispose]: () => void process.off("unhandledRejection", tell) };
}
