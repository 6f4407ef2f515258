// Where mail is kept: can it be opened, is it whole, and is there a way on for all that is in it?
import { act } from "../finding.ts";
import type { Asked } from "../run.ts";
import type { StoreSeen } from "./ports.ts";
import { say, selfCheck, type SelfTools } from "./question.ts";

/** A database of many GB takes longer to read; then that is told, and the rest is known. */
const verifyMs = 8_000;

export const store = selfCheck({
  name: "store",
  needs: ["running"],
  async run(asked, { running }) {
    const seen = await asked.tools.own.store(asked.signal);
    switch (seen.kind) {
      case "memory":
        return; // the configuration's risk, and told there
      case "none":
        return say(asked, "store.none", { about: seen.place });
      case "unreachable":
        return say(asked, "store.unreachable", {
          about: seen.place,
          values: { problem: seen.text },
          changes: [act("see-store", { place: seen.place })],
        });
      case "denied":
        return say(asked, "store.denied", {
          about: seen.place,
          values: { problem: seen.text },
          changes: [act("run-as-owner", { dir: seen.place })],
        });
      case "there": {
        const before = tellOf(seen, asked);
        if (running.kind === "not-running" && seen.waiting > 0)
          say(asked, "store.waits-for-start", {
            about: seen.place,
            values: { count: seen.waiting },
            changes: [act("start", { file: asked.tools.question.configFile })],
          });
        const problems = await asked.part("PRAGMA quick_check", verifyMs, ({ signal }) =>
          asked.tools.own.verifyStore(signal),
        );
        if (problems === undefined) return;
        if (problems.length > 0)
          say(asked, "store.damaged", {
            about: seen.place,
            values: { problem: problems[0]!, count: problems.length },
            evidence: problems,
            changes: [act("restore-store", { place: seen.place })],
          });
        else if (before) say(asked, "store.good", { about: seen.place, values: { count: seen.waiting } });
      }
    }
  },
});

/** True: all is well, as far as is seen at a glance. */
function tellOf(seen: StoreSeen & { readonly kind: "there" }, asked: Asked<SelfTools>): boolean {
  const { place: about, version, known, forgotten, lost, aside, faults } = seen;
  const values = {
    version,
    known,
    forgotten,
    count: lost.length,
    queueId: lost[0],
    file: aside[0],
    problem: faults[0],
  };
  if (version > known) say(asked, "store.newer", { about, values, changes: [act("newer-program")] });
  if (version < known) say(asked, "store.older", { about, values });
  if (forgotten > 0) say(asked, "store.forgotten", { about, values, changes: [act("retry-all")] });
  if (lost.length > 0)
    say(asked, "store.lost-content", {
      about,
      values,
      evidence: lost,
      changes: [act("restore-bodies", { place: about })],
    });
  if (aside.length > 0)
    say(asked, "store.aside", {
      about,
      values: { ...values, count: aside.length },
      evidence: aside,
      changes: [act("see-aside", { file: aside[0] })],
    });
  if (faults.length > 0)
    say(asked, "store.spool-fault", {
      about,
      values,
      evidence: faults,
      changes: [act("restore-store", { place: about })],
    });
  return version === known && forgotten + lost.length + aside.length + faults.length === 0;
}
