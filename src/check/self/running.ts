// Does a server run for this configuration, is it the same Waybill as this command, and can it be asked?
import { roughDuration } from "../../mail/failure-text.ts";
import { act } from "../finding.ts";
import { isAnotherUsers, quickCheck, say, selfCheck } from "./question.ts";

export const running = selfCheck({
  name: "running",
  async run(asked) {
    const { server, question, world } = asked.tools;
    const { version, configFile, config } = question;
    const about = config.data_dir;
    const seen = await server.look();
    switch (seen.kind) {
      case "running": {
        const values = { pid: seen.pid, version: seen.version, command: version };
        if (seen.version === version)
          say(asked, "self.running", {
            about,
            values: { ...values, since: roughDuration(world.now() - seen.startedAt) },
          });
        else say(asked, "self.other-version", { about, values, changes: [act("restart", { pid: seen.pid })] });
        break;
      }
      case "not-running":
        say(asked, "self.not-running", { about, changes: [act("start", { file: configFile })] });
        break;
      case "denied":
        say(asked, "self.denied", {
          about,
          values: { problem: seen.text },
          changes: [act("run-as-owner", { dir: about })],
        });
        break;
      case "broken":
        say(asked, "self.no-answer", { about, values: { problem: seen.text }, changes: [act("see-log-restart")] });
    }
    return seen;
  },
});

/** The same at `start`, where none should: who runs beside us is told by whoever takes the folder. */
export const looked = quickCheck({ name: "running", run: ({ tools }) => tools.server.look() });

export const accounts = quickCheck({
  name: "accounts",
  async run(asked) {
    const seen = await asked.tools.own.accounts();
    const about = "accounts";
    if (seen.kind === "there") say(asked, "accounts.good", { about, values: { count: seen.count } });
    const { data_dir: dir } = asked.tools.question.config;
    if (seen.kind === "bad" && (await isAnotherUsers(asked.tools)))
      say(asked, "accounts.denied", { about, values: { problem: seen.text }, changes: [act("run-as-owner", { dir })] });
    else if (seen.kind === "bad")
      say(asked, "accounts.bad", { about, values: { problem: seen.text }, changes: [act("mend-accounts")] });
    return seen;
  },
});
