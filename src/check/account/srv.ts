// SRV records that lead mail apps to servers. RFC 6186 §3, RFC 8314 §5.1.
import { settingsFromSrv, srvNames, type SrvRecord } from "../../autoconfig/srv.ts";
import { act } from "../finding.ts";
import { isKnown, srvOf } from "./dns-names.ts";
import { accountCheck, say } from "./question.ts";

export const srv = accountCheck({
  name: "srv",
  async run(asked) {
    const { domain } = asked.tools.question;
    const names = srvNames(domain);
    const answers = await Promise.all(names.map((name) => srvOf(asked, name)));
    if (answers.every((answer) => answer === undefined)) {
      if (await isKnown(asked))
        say(asked, "settings.srv-unknown", { about: domain, changes: [act("see-to-name-servers")] });
      return { sources: [] };
    }
    const found = new Map<string, readonly SrvRecord[]>();
    for (const [i, answer] of answers.entries())
      if (answer !== undefined && answer.length > 0) found.set(names[i]!, answer);
    if (found.size === 0) {
      if (await isKnown(asked)) say(asked, "settings.no-srv", { about: domain, changes: [act("publish-srv")] });
      return { sources: [] };
    }
    const settings = settingsFromSrv(domain, found);
    const isNone = settings.incoming.length === 0 && settings.outgoing.length === 0;
    if (isNone) say(asked, "settings.not-offered", { about: domain, changes: [act("publish-srv")] });
    return {
      sources: isNone
        ? []
        : [{ name: "srv" as const, at: `SRV records of ${domain}`, settings, isForgeable: true as const }],
    };
  },
});
