// The first MX host is down: the second gets the mail in the same attempt. RFC 5321 §5.1.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startLab } from "../support/lab-server.ts";

test("where the first MX host is down, the second takes the mail at once", async () => {
  await using lab = await startLab({ names: ["twohosts"] });
  await lab.send({ to: ["gina@twohosts.lab"] });
  await lab.mail("gina@twohosts.lab");
  const { host, attempt, steps } = await lab.event("delivered", "gina@twohosts.lab");
  assert.deepEqual([host.name, attempt], ["mx2.twohosts.lab", 1]);
  const failed = steps.find(({ failure }) => failure !== undefined);
  assert.equal(failed?.host?.name, "mx1.twohosts.lab");
  assert.ok(failed?.failure?.kind === "unreachable" && failed.failure.problem === "refused");
});

test("where the first says no for the time being, the second is asked too", async () => {
  const busy = {
    name: "busyfirst",
    what: "",
    character: {},
    zone: ["@ MX 10 mx.busy.lab", "@ MX 20 mx.@", "mx.@ A #"],
  };
  await using lab = await startLab({ names: ["busy"], newcomers: [busy] });
  await lab.send({ to: ["hans@busyfirst.lab"] });
  const { host, attempt, steps } = await lab.event("delivered", "hans@busyfirst.lab");
  assert.deepEqual([host.name, attempt], ["mx.busyfirst.lab", 1]);
  assert.ok(steps.some(({ failure }) => failure?.kind === "refused" && failure.reply.code === 421));
});

test("a host that is down until noon gets its mail after noon", async () => {
  await using lab = await startLab({ names: ["noon"] });
  await lab.send({ to: ["nina@noon.lab"] });
  const { because } = await lab.event("deferred", "nina@noon.lab");
  assert.ok(because.kind === "unreachable");
  while (!lab.mails.some(({ domain }) => domain === "noon.lab")) await lab.nextAttempt();
  const { at } = await lab.event("delivered", "nina@noon.lab");
  assert.ok(at >= Date.UTC(2026, 0, 1, 12) && at < Date.UTC(2026, 0, 1, 17), "at the first attempt after noon");
});
