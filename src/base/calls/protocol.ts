// What threads of one process say to each other: calls by name, and an answer for each.
import type { MessagePort } from "node:worker_threads";

/** Functions that a thread offers. Arguments and results are copied between the threads. */
// eslint-disable-next-line typescript/no-explicit-any -- any parameters, as in the lib's own Parameters<>
export type Operations = Readonly<Record<string, (...args: any[]) => unknown>>;

/** Operations of another thread, as who calls them sees them. */
export interface Calls<Offered extends Operations> {
  call<Name extends keyof Offered & string>(
    name: Name,
    ...args: Parameters<Offered[Name]>
  ): Promise<Awaited<ReturnType<Offered[Name]>>>;
  /** After all calls made before. */
  close(): Promise<void>;
}

export interface Call {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

/** To a thread; `from`: somebody else who will call. */
export type Letter = "open" | readonly Call[] | "close" | { readonly from: MessagePort };

/** Of the answer to "open". */
export const openingId = 0;

export type Answer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: PlainError };

/** An error as it crosses threads, where classes are lost. */
interface PlainError {
  readonly name: string;
  readonly message: string;
}

export const flatten = ({ name, message }: Error): PlainError => ({ name, message });

/** Classes of errors that who calls wants back, by name. */
export type KnownErrors = Readonly<Record<string, new (message: string) => Error>>;

export function revive({ name, message }: PlainError, known: KnownErrors): Error {
  const Known = known[name] ?? Error;
  return new Known(message);
}
