// Routes of the control API about destinations: how fast each gets mail and why, and the operator's word on it.
import type { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { World } from "../base/world.ts";
import type { DestinationStatus } from "../deliver/pacing/status.ts";
import { parseDomain } from "../mail/address.ts";
import type { QueueStore } from "../queue/store.ts";
import { check, destinationAction, destinationQuery } from "./requests.ts";

export interface Destinations {
  /** All of which something is known. */
  status(): DestinationStatus[] | Promise<DestinationStatus[]>;
  /** The site that a person means: by its own name, by a domain it takes mail for, or by a mail host. */
  find(name: string): Promise<string | undefined>;
  /** All recipient domains that are known of it. */
  domainsOf(site: string): readonly string[] | Promise<readonly string[]>;
  suspend(site: string, words: string): Promise<void>;
  resume(site: string): Promise<void>;
  /** Ignores what kept mail from it. */
  drain(site: string): void | Promise<void>;
}

export interface DestinationPorts {
  readonly destinations: Destinations;
  readonly queue: Pick<QueueStore, "change">;
  readonly world: Pick<World, "now">;
  /** Deliveries may be due now. */
  readonly steered: (action: string, site: string, due: number) => void;
}

export function destinationRoutes(app: Hono, { destinations, queue, world, steered }: DestinationPorts): void {
  const siteOf = async (name: string): Promise<string> => {
    const site = await destinations.find(parseDomain(name) ?? name);
    if (site !== undefined) return site;
    throw new HTTPException(404, {
      message: `nothing is known of a destination "${name}": name a recipient domain, a mail host, or a site of the list`,
    });
  };

  app.get("/destinations", async (c) => {
    const { name } = check(destinationQuery, c.req.query());
    const all = await destinations.status();
    if (name === undefined) return c.json(all);
    const site = await siteOf(name);
    return c.json(all.filter((status) => status.site === site));
  });

  app.post("/destinations/actions", async (c) => {
    const body: unknown = await c.req.json().catch(() => undefined);
    const { name, action, because = "" } = check(destinationAction, body);
    const site = await siteOf(name);
    let due = 0;
    if (action === "suspend") await destinations.suspend(site, because);
    else {
      if (action === "resume") await destinations.resume(site);
      else await destinations.drain(site);
      for (const domain of await destinations.domainsOf(site))
        due += await queue.change({ domain }, "retry", world.now());
    }
    steered(action, site, due);
    return c.json({ site, action, due });
  });
}
