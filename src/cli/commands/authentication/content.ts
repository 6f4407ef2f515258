// What a message proves, found out by the same functions as in the server.
import { evaluateContent } from "../../../judge/identity/evaluate.ts";
import type { ReversePath } from "../../../mail/address.ts";
import type { Authentication, SpfVerdict } from "../../../mail/verdict.ts";
import type { Context } from "../../context.ts";
import type { Asking } from "./asking.ts";

export interface ComesFrom {
  readonly client: string;
  readonly helo: string;
  readonly mailFrom: ReversePath;
  readonly spf: readonly SpfVerdict[];
}

/** A message without a way that it came. */
export const fromNowhere: ComesFrom = { client: "", helo: "", mailFrom: "", spf: [] };

export function judgeContent(
  content: Buffer,
  comesFrom: ComesFrom,
  { asking, context }: { asking: Asking; context: Context },
): Promise<Pick<Authentication, "dkim" | "arc" | "dmarc">> {
  const whole = async function* (): AsyncGenerator<Uint8Array> {
    yield content;
  };
  return evaluateContent(whole(), { ...comesFrom, now: context.world.now() }, asking.resolver);
}
