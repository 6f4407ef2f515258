// What the control API takes: query and body of each route, checked at the door.
import { HTTPException } from "hono/http-exception";
import { z } from "zod";
import { type Address, type ReversePath, parseAddress, parseDomain } from "../mail/address.ts";
import type { NotifyWish } from "../mail/envelope.ts";
import type { QueueId } from "../mail/message.ts";

const address = z.string().transform((text, context): Address => {
  const parsed = parseAddress(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: "custom", message: `"${text}" is not a mail address such as ann@example.org` });
  return z.NEVER;
});

/** RFC 5321 §4.5.5: `<>` or nothing is the null reverse-path. */
const reversePath = z.union([z.enum(["", "<>"]).transform((): ReversePath => ""), address]);

const domain = z.string().transform((text, context) => {
  const parsed = parseDomain(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: "custom", message: `"${text}" is not a domain such as example.org` });
  return z.NEVER;
});

const queueId = z
  .string()
  .min(1)
  .transform((text) => text as QueueId);

const filter = {
  queueId: queueId.optional(),
  from: reversePath.optional(),
  to: address.optional(),
  domain: domain.optional(),
  state: z.enum(["due", "deferred", "claimed", "held"]).optional(),
};

/** Rows of one answer; `after` fetches the next ones. */
const mostRows = 1_000;

const count = z.coerce.number().int().min(1).max(mostRows);

export const countQuery = z.strictObject(filter);

export const listQuery = z.strictObject({
  ...filter,
  limit: count.default(50),
  after: z.coerce.number().int().min(0).optional(),
});

export const actionBody = z.strictObject({
  /** Empty: all of the queue. */
  filter: z.strictObject(filter),
  action: z.enum(["retry", "hold", "release", "drop", "bounce"]),
});

export const destinationQuery = z.strictObject({ name: z.string().min(1).optional() });

export const destinationAction = z.strictObject({
  name: z.string().min(1),
  action: z.enum(["suspend", "resume", "drain"]),
  /** Of a suspension: the operator's words. */
  because: z.string().max(500).optional(),
});

export const senderQuery = z.strictObject({
  name: z.string().min(1).optional(),
  class: z.enum(["good", "unknown", "poor", "bad"]).optional(),
  limit: count.default(50),
});

export const senderAction = z.strictObject({
  name: z.string().min(1).max(300),
  action: z.enum(["pin", "forget"]),
  /** Of a pin; without it, the pin is taken away. */
  as: z.enum(["good", "bad"]).optional(),
  /** Of a pin: the operator's words. */
  because: z.string().max(300).optional(),
});

export const deferralQuery = z.strictObject({
  from: reversePath.optional(),
  to: address.optional(),
  client: z.string().min(1).optional(),
  limit: count.default(50),
});

export const greylistAction = z.strictObject({ what: z.string().min(1).max(300) });

export const suppressionQuery = z.strictObject({
  address: address.optional(),
  /** Those that are only remembered, too. */
  ended: z.literal("true").optional(),
  limit: count.default(50),
});

export const suppressionAction = z.strictObject({
  action: z.enum(["add", "lift"]),
  address,
  /** Of a lift: only what stops mail of this sender. */
  sender: address.optional(),
  /** Of what is added: the operator's words. */
  because: z.string().max(300).optional(),
});

const limit = count.default(10);

export const traceQuery = z.union(
  [
    z.strictObject({ queueId, limit }),
    z.strictObject({ messageId: z.string().min(1), limit }),
    z.strictObject({ address, limit }),
    z.strictObject({ account: z.string().min(1), limit }),
  ],
  { error: "name one of queueId, messageId, address or account, and at most a limit" },
);

/** RFC 3461 §4.1: "never", or wishes joined by commas. */
const notify = z.string().transform((text, context): NotifyWish[] => {
  const wishes = text.toLowerCase().split(",");
  if (text.toLowerCase() === "never") return [];
  const known = ["success", "failure", "delay"] as const;
  if (wishes.every((wish) => known.some((one) => one === wish))) return known.filter((one) => wishes.includes(one));
  context.addIssue({ code: "custom", message: '"never", or success, failure and delay joined by commas' });
  return z.NEVER;
});

export const submitQuery = z.strictObject({
  from: reversePath,
  to: z.array(address).min(1, { error: "name at least one recipient" }),
  /** The header section needs SMTPUTF8, whatever the addresses are. RFC 6531 §3.2. */
  smtpUtf8: z.literal("true").optional(),
  notify: notify.optional(),
  ret: z.enum(["full", "hdrs"]).optional(),
  /** RFC 3461 §4.4: at most 100 printable characters. */
  envid: z
    .string()
    .regex(/^[ -~]{1,100}$/, { error: "must be 1 to 100 printable ASCII characters" })
    .optional(),
});

export type Submission = z.output<typeof submitQuery>;

/** The checked value; else the answer is 400 with a sentence. */
export function check<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const words = result.error.issues.map(({ path, message }) => [...path, message].join(": "));
  throw new HTTPException(400, { message: words.join("; ") });
}
