// `check server`: one server of any mail protocol, step by step, as a mail app would use it.
import { type Asked, type Progress, type Report, runChecks } from "../run.ts";
import type { Telling } from "./advice.ts";
import { bestOf, type Inspection, logIn, onlyLooking, visitSiblings } from "./inspect.ts";
import { addressesOf, lookUpName } from "./name.ts";
import { placeText } from "./place.ts";
import { inspectingOf, serverCheck, type ServerFacts, type ServerTools } from "./question.ts";
import { tellConnection, tellName } from "./tell-connection.ts";
import { tellAbilities, tellLogin } from "./tell-login.ts";
import { tellSecurity } from "./tell-security.ts";
import { type Visit, visit } from "./visit.ts";

const tellingOf = ({ world, dnsServers }: ServerTools): Telling => ({ now: world.now(), dnsServers });

const name = serverCheck({
  name: "server-name",
  async run({ tools, found }) {
    const { place } = tools.question;
    const name = await lookUpName(place.host, tools.resolver);
    for (const one of tellName({ place, name }, tellingOf(tools))) found(one);
    return name;
  },
});

const connection = serverCheck({
  name: "server-connection",
  needs: ["server-name"],
  async run(asked, facts) {
    const { place, limits, isSecurityOpen = false } = asked.tools.question;
    const visits = await Promise.all(
      addressesOf(facts["server-name"]).map((address) =>
        asked.part(placeText(place, address), limits.totalMs, async ({ signal }) => {
          const visiting = onlyLooking({ ...inspectingOf(asked), signal });
          const seen = await visit(place, address, visiting);
          const isTls = isSecurityOpen && seen.other?.kind === "tls";
          return isTls ? visit({ ...place, security: "tls" }, address, visiting) : seen;
        }),
      ),
    );
    const done = visits.filter((seen) => seen !== undefined);
    const siblings = await visitSiblings(bestOf(done)?.place ?? place, done, inspectingOf(asked));
    const connected = { visits: done, siblings };
    for (const one of tellConnection(seenSoFar(asked, { ...facts, "server-connection": connected }))) asked.found(one);
    return connected;
  },
});

const security = serverCheck({
  name: "server-security",
  needs: ["server-name", "server-connection"],
  async run(asked, facts) {
    for (const one of tellSecurity(seenSoFar(asked, facts), tellingOf(asked.tools))) asked.found(one);
  },
});

const abilities = serverCheck({
  name: "server-abilities",
  needs: ["server-name", "server-connection"],
  async run(asked, facts) {
    for (const one of tellAbilities(seenSoFar(asked, facts))) asked.found(one);
  },
});

const login = serverCheck({
  name: "server-login",
  needs: ["server-name", "server-connection"],
  async run(asked, facts) {
    const { credentials } = asked.tools.question;
    if (credentials === undefined) return;
    const seen = seenSoFar(asked, facts);
    const logins = await logIn(seen.best, inspectingOf(asked));
    for (const one of tellLogin({ ...seen, logins, username: credentials.username })) asked.found(one);
  },
});

const seenSoFar = (
  { tools }: Asked<ServerTools>,
  facts: Pick<ServerFacts, "server-name" | "server-connection">,
): Inspection => {
  const { visits, siblings } = facts["server-connection"];
  const best: Visit | undefined = bestOf(visits);
  const place = best?.place ?? tools.question.place;
  return { place, name: facts["server-name"], visits, siblings, ...(best !== undefined && { best }), logins: [] };
};

/** Each behind those that it needs. */
export const serverChecks = [name, connection, security, abilities, login];

/** Never rejects. */
export const checkServer = (
  tools: ServerTools,
  how: { readonly tell?: (progress: Progress) => void; readonly signal?: AbortSignal } = {},
): Promise<Report> => {
  const { place, limits } = tools.question;
  const { totalMs } = limits;
  return runChecks(serverChecks, {
    tools,
    world: tools.world,
    about: placeText(place),
    totalMs,
    limitMs: totalMs,
    ...how,
  });
};
