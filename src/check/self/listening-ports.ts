// The places of [[listen]] and [web]: may we have them, does somebody else have them, does the running server?
import { canonicalAddress } from "../../base/networks.ts";
import { act } from "../finding.ts";
import type { Asked } from "../run.ts";
import type { ListeningSocket, ServerSeen } from "./ports.ts";
import { isLoopback, placeText, quickCheck, type QuickTools, say, setting } from "./question.ts";

interface Place {
  readonly host: string;
  readonly port: number;
  /** In words: where it is set. */
  readonly set: string;
}

export const listeningPorts = quickCheck({
  name: "listening-ports",
  needs: ["running"],
  async run(asked, { running }) {
    const { listen, web } = asked.tools.question.config;
    const named = [
      ...listen.map(({ address }) => ({ ...address, set: "[[listen]]" })),
      ...[...web.listen, ...web.http_listen].map((address) => ({ ...address, set: "[web]" })),
    ];
    const places = named.filter(({ port }) => port !== 0); // 0: the system chooses a free one
    const { machine } = asked.tools;
    const [sockets, lowest] = await Promise.all([
      machine.listeners(places.map(({ port }) => port)),
      machine.lowestPort(),
    ]);
    for (const place of places) tellOf(place, { sockets, lowest, running }, asked);
  },
});

const isWildcard = (host: string): boolean => host === "::" || host === "0.0.0.0";

/** The wildcard takes the port of each address; "::" takes IPv4's, too. */
const isSamePlace = (place: Place, socket: ListeningSocket): boolean => {
  const host = canonicalAddress(place.host);
  const other = canonicalAddress(socket.address);
  if (place.port !== socket.port) return false;
  if (host === other || host === "::" || other === "::") return true;
  return (host === "0.0.0.0" || other === "0.0.0.0") && !place.host.includes(":") === !socket.address.includes(":");
};

interface Around {
  readonly sockets: readonly ListeningSocket[] | undefined;
  readonly lowest: number;
  readonly running: ServerSeen;
}

function tellOf(place: Place, { sockets, lowest, running }: Around, asked: Asked<QuickTools>): void {
  const { machine, question } = asked.tools;
  const about = placeText(place);
  const isHere = machine.addresses.some((one) => canonicalAddress(one) === canonicalAddress(place.host));
  if (!isHere && !isWildcard(place.host) && !isLoopback(place.host)) {
    const changes = [setting(question, place.set, { from: `"${about}"`, to: `"*:${place.port}"` })];
    return say(asked, "port.not-our-address", { about, values: { host: place.host }, changes });
  }
  if (sockets === undefined) return say(asked, "port.unknown", { about });
  const isRunning = running.kind === "running" || running.kind === "broken";
  const taken = sockets.filter((socket) => isSamePlace(place, socket));
  // whose program it is we may not see of other users' processes
  const isOurs = ({ pid }: ListeningSocket): boolean =>
    running.kind === "running" ? pid === running.pid || pid === undefined : isRunning && pid === undefined;
  const other = taken.find((socket) => !isOurs(socket));
  if (other !== undefined && running.kind === "denied" && other.pid === undefined)
    return say(asked, "port.in-use", { about, values: { user: other.user } });
  if (other !== undefined) return tellOfOther(place, other, asked);
  if (taken.length > 0) return say(asked, "port.ours", { about });
  if (isRunning) return say(asked, "port.not-listening", { about, changes: [act("restart-for-config")] });
  if (place.port < lowest)
    return say(asked, "port.not-allowed", {
      about,
      values: { port: place.port, lowest },
      changes: [act("allow-ports")],
    });
  say(asked, "port.free", { about });
}

function tellOfOther(place: Place, { program, pid, user }: ListeningSocket, asked: Asked<QuickTools>): void {
  const about = placeText(place);
  const to = "another address and port";
  const values = { program, pid, user };
  say(asked, "port.taken", {
    about,
    values,
    changes: [act("stop-program", values), setting(asked.tools.question, place.set, { from: `"${about}"`, to })],
  });
}
