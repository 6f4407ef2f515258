// Routes of the control API about senders: how well each is thought of and why, whose mail was asked to come again, and
// the operator's word on both.
import type { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { GreylistDesk } from "../judge/greylist/desk.ts";
import type { SenderDesk } from "../judge/reputation/desk.ts";
import { check, deferralQuery, greylistAction, senderAction, senderQuery } from "./requests.ts";

export interface SenderPorts {
  readonly senders: SenderDesk;
  readonly greylist: GreylistDesk;
  /** The operator's word, for the log. */
  readonly spoke: (text: string) => void;
}

/** What was asked for, unless the name cannot be anybody's. */
function known<T>(found: T | undefined, name: string): T {
  if (found !== undefined) return found;
  const words = name.includes("@")
    ? `"${name}" is an address, which anybody can type: name the domain that proves itself`
    : `"${name}" is no sender: name a domain, an IP address, a network such as 192.0.2.0/24 (IPv6: /64), or account:NAME`;
  throw new HTTPException(400, { message: words });
}

export function senderRoutes(app: Hono, { senders, greylist, spoke }: SenderPorts): void {
  app.get("/senders", async (c) => {
    const { name, limit, ...filter } = check(senderQuery, c.req.query());
    if (name === undefined) return c.json(await senders.list(filter, limit));
    return c.json(known(await senders.find(name), name));
  });

  app.post("/senders/actions", async (c) => {
    const body: unknown = await c.req.json().catch(() => undefined);
    const { name, because = "", ...order } = check(senderAction, body);
    if (order.action === "pin") {
      const identities = known(await senders.pin(name, order.as && { as: order.as, because }), name);
      spoke(
        order.as === undefined ? `the pin of ${name} was taken away` : `${name} was pinned as ${order.as}: ${because}`,
      );
      return c.json({ identities });
    }
    const identities = known(await senders.forget(name), name);
    if (identities.length === 0) throw new HTTPException(404, { message: `nothing is known of "${name}"` });
    spoke(`${name} was forgotten`);
    return c.json({ identities });
  });

  app.get("/greylist", async (c) => {
    const { limit, ...filter } = check(deferralQuery, c.req.query());
    return c.json(await greylist.list(filter, limit));
  });

  app.post("/greylist/actions", async (c) => {
    const body: unknown = await c.req.json().catch(() => undefined);
    const { what } = check(greylistAction, body);
    const allowed = await greylist.allow(what);
    const none = `nothing that was asked to come again is of "${what}": name an id, a sender or a client of \`waybill greylist\`; to let somebody in who has not come yet: waybill senders pin`;
    if (allowed.length === 0) throw new HTTPException(404, { message: none });
    spoke(`mail of ${what} was let in`);
    return c.json({ allowed });
  });
}
