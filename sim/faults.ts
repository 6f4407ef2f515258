// What goes wrong while a scenario is busy; each kind of fault comes by dice of its own.
import type { Instant } from "../src/base/world.ts";
import type { Clock } from "./clock.ts";
import type { Dice } from "./dice.ts";
import type { Internet } from "./internet.ts";
import type { Call, Fate } from "./network.ts";
import type { Node } from "./node.ts";
import { type FaultRates, minuteMs, secondMs } from "./scenario.ts";
import type { SharedStore } from "./shared-store.ts";

export interface FaultParts {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly rates: FaultRates;
  readonly until: Instant;
  readonly nodes: readonly Node[];
  readonly store: SharedStore;
  readonly internet: Internet;
  readonly tell: (text: () => string) => void;
}

export function planFaults(parts: FaultParts): void {
  const { rates } = parts;
  repeat(parts, "crash", { meanMs: rates.crashMs, run: (dice) => crash(parts, dice) });
  repeat(parts, "stop", { meanMs: rates.stopMs, run: (dice) => stop(parts, dice) });
  repeat(parts, "freeze", { meanMs: rates.freezeMs, run: (dice) => freeze(parts, dice) });
  repeat(parts, "store", { meanMs: rates.storeOutageMs, run: (dice) => breakStore(parts, dice) });
  repeat(parts, "dns", { meanMs: rates.dnsOutageMs, run: (dice) => breakDns(parts, dice) });
  repeat(parts, "operator", { meanMs: rates.operatorMs, run: (dice) => operate(parts, dice) });
  repeat(parts, "site", { meanMs: rates.siteOutageMs, run: (dice) => breakSite(parts, dice) });
}

function repeat(
  { clock, dice, until }: FaultParts,
  kind: string,
  { meanMs, run }: { meanMs: number; run: (dice: Dice) => void },
): void {
  if (meanMs === Infinity) return;
  const own = dice.split(kind);
  const planNext = (): void => {
    const waitMs = own.exponential(meanMs);
    if (clock.now + waitMs >= until) return;
    clock.planFor(undefined, waitMs, () => {
      run(own);
      planNext();
    });
  };
  planNext();
}

function crash({ clock, nodes, tell }: FaultParts, dice: Dice): void {
  const node = dice.pick(nodes);
  if (node.process === undefined) return;
  const how = dice.pick(["reset", "silence"] as const);
  tell(() => `${node.process?.name} crashes (${how})`);
  node.crash(how);
  clock.planFor(undefined, dice.between(1 * secondMs, 5 * minuteMs), () => node.start());
}

function stop({ clock, nodes, tell }: FaultParts, dice: Dice): void {
  const node = dice.pick(nodes);
  tell(() => `${node.process?.name} is told to stop`);
  const restMs = dice.between(1 * secondMs, minuteMs);
  node.stop(() => void clock.planFor(undefined, restMs, () => node.start()));
}

function freeze({ clock, nodes, store, tell }: FaultParts, dice: Dice): void {
  const { process } = dice.pick(nodes);
  if (process === undefined) return;
  const ms = dice.pick([10 * secondMs, minuteMs, 90 * minuteMs]) * dice.between(0.5, 1.5);
  tell(() => `${process.name} freezes for ${Math.round(ms / secondMs)} s`);
  process.frozenUntil = Math.max(process.frozenUntil, clock.now + ms);
  store.lost(process);
}

function breakStore({ clock, nodes, store, tell }: FaultParts, dice: Dice): void {
  const kind = dice.pick(["fail", "hang"] as const);
  const ms = dice.pick([5 * secondMs, 40 * secondMs, 5 * minuteMs]) * dice.between(0.5, 1.5);
  const process = dice.chance(0.5) ? dice.pick(nodes).process : undefined;
  tell(() => `the store will ${kind} for ${Math.round(ms / secondMs)} s, for ${process?.name ?? "all"}`);
  store.breakDown({ kind, until: clock.now + ms, ...(process && { of: process }) });
  for (const node of nodes) if (node.process && !store.isReachable(node.process)) store.lost(node.process);
}

function breakDns({ clock, internet, tell }: FaultParts, dice: Dice): void {
  const kind = dice.pick(["server-failure", "timeout"] as const);
  const ms = dice.between(10 * secondMs, 10 * minuteMs);
  tell(() => `DNS: ${kind} for ${Math.round(ms / secondMs)} s`);
  internet.breakDns(kind, clock.now + ms);
}

function breakSite({ clock, internet, tell }: FaultParts, dice: Dice): void {
  const site = dice.pick(internet.sites);
  const ms = dice.exponential(20 * minuteMs);
  tell(() => `${site.name} is down for ${Math.round(ms / secondMs)} s`);
  site.downUntil = clock.now + ms;
}

/** On all that is queued for a domain; what is held is released. */
function operate({ clock, internet, store, tell }: FaultParts, dice: Dice): void {
  const domain = dice.pick([...internet.domains.keys()]);
  const action = dice.pick(["hold", "retry", "retry", "bounce", "drop"] as const);
  tell(() => `the operator: ${action} all for ${domain}`);
  void store.change({ domain }, action);
  if (action !== "hold") return;
  clock.planFor(undefined, dice.between(1, 100) * minuteMs, () => void store.change({ domain }, "release"));
}

/** What becomes of each connection. */
export function drawFate(
  { clock, dice, internet }: Pick<FaultParts, "clock" | "dice" | "internet">,
  rates: FaultRates,
  { until, call }: { until: Instant; call: Call },
): Fate {
  const site = internet.siteAt(call.toAddress);
  const latencyMs = (site?.character.latencyMs ?? 5) * dice.between(0.8, 1.2);
  if (site?.isDead(call.toAddress, clock.now)) return { latencyMs, dial: site.character.deadHow ?? "silent" };
  if (clock.now > until || !dice.chance(rates.cut)) return { latencyMs };
  if (dice.chance(0.2)) return { latencyMs, dial: dice.pick(["refused", "silent"]) };
  const afterSegments = Math.floor(dice.exponential(10));
  return { latencyMs, cut: { afterSegments, how: dice.pick(["reset", "silence"]) } };
}
