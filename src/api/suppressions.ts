// Routes of the control API about addresses that mail is not sent to: which and why, and the operator's word on them.
import type { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { SuppressionDesk } from "../judge/suppression/desk.ts";
import { check, suppressionAction, suppressionQuery } from "./requests.ts";

export interface SuppressionPorts {
  readonly desk: SuppressionDesk;
  /** The operator's word, for the log. */
  readonly spoke: (text: string) => void;
}

export function suppressionRoutes(app: Hono, ports: SuppressionPorts | undefined): void {
  const opened = (): SuppressionPorts => {
    if (ports !== undefined) return ports;
    throw new HTTPException(400, { message: "suppression is off: set enabled = true in [suppression]" });
  };

  app.get("/suppressions", async (c) => {
    const { limit, address, ended } = check(suppressionQuery, c.req.query());
    const filter = { ...(address !== undefined && { address }), ended: ended === "true" };
    return c.json(await opened().desk.list(filter, limit));
  });

  app.post("/suppressions/actions", async (c) => {
    const body: unknown = await c.req.json().catch(() => undefined);
    const { action, address, sender, because } = check(suppressionAction, body);
    const { desk, spoke } = opened();
    if (action === "lift") {
      const suppressions = await desk.lift({ address, ...(sender !== undefined && { sender }) });
      if (suppressions.length === 0) throw new HTTPException(404, { message: `mail to ${address} is not stopped` });
      spoke(`mail to ${address} is no longer stopped`);
      return c.json({ suppressions });
    }
    const suppressions = await desk.add({ address, because: because ?? "The operator of this server stopped it." });
    const never = `mail to ${address} is never stopped: it is an address of ours, a postmaster, or named in \`never\` of [suppression]`;
    if (suppressions === undefined) throw new HTTPException(400, { message: never });
    spoke(`mail to ${address} was stopped`);
    return c.json({ suppressions });
  });
}
