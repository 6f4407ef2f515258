// What the calling thread and a worker thread say to each other: calls by name, and an answer for each.
import { NotKept, StoreFull } from "../../queue/store.ts";

/** Functions that a worker thread offers. Arguments and results are copied between the threads. */
// eslint-disable-next-line typescript/no-explicit-any -- any parameters, as in the lib's own Parameters<>
export type Operations = Readonly<Record<string, (...args: any[]) => unknown>>;

export interface Call {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

/** To a worker. */
export type Letter = "open" | readonly Call[] | "close";

/** Of the answer to "open". */
export const openingId = 0;

export type Answer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: PlainError };

/** An error as it crosses threads, where classes are lost. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
}

export const flatten = ({ name, message }: Error): PlainError => ({ name, message });

export function revive({ name, message }: PlainError): Error {
  if (name === "StoreFull") return new StoreFull(message);
  if (name === "NotKept") return new NotKept(message);
  return new Error(message);
}
