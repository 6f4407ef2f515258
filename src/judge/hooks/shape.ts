// What a module of hooks must export, and what is wrong when it does not, in words for its author.
import { z } from "zod";
import type { Check } from "../check.ts";

const phases = ["connect", "mail", "rcpt", "content"] as const satisfies readonly Check["phase"][];

/** It stands in the log, in the history and in header fields. */
const namePattern = /^[a-z][a-z\d-]{0,39}$/;

const check = z.object({
  name: z
    .string({ error: 'Write a text: name: "my-check".' })
    .regex(namePattern, { error: 'Write lower-case letters, digits and hyphens, 40 at most: name: "my-check".' }),
  phase: z.enum(phases, { error: `Write one of ${phases.map((phase) => JSON.stringify(phase)).join(", ")}.` }),
  judge: z.custom((value) => typeof value === "function", {
    error: 'Write a function: judge(facts) { return { kind: "nothing" }; }.',
  }),
});

const checks = z.array(check, {
  error: 'Write a list: export const checks = [{ name: "my-check", phase: "connect", judge(facts) { … } }].',
});

/** A sentence for each mistake in what a module exports as `checks`. */
export function mistakesIn(exported: unknown): string[] {
  const { error } = checks.safeParse(exported);
  return (error?.issues ?? []).map(({ path, message }) => {
    const at = path.reduce<string>(
      (text, key) => text + (typeof key === "number" ? `[${key}]` : `.${String(key)}`),
      "",
    );
    return `checks${at} is ${show(valueAt(exported, path))}. ${message}`;
  });
}

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce((found, key) => (found as Readonly<Record<PropertyKey, unknown>> | undefined)?.[key], value);

/** A value in a few words. */
export function show(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value === null) return "null";
  if (typeof value !== "object") return `a ${typeof value}`;
  const keys = Object.keys(value).slice(0, 5);
  return keys.length === 0 ? "an empty object" : `an object with ${keys.join(", ")}`;
}
