// Can the server have as many sessions as the settings allow, with the files and the memory that it gets here?
import { act } from "../finding.ts";
import { quickCheck, say, setting, sizeText } from "./question.ts";

/** Of Waybill itself: database, spool, log, control socket, DNS, and some to spare. */
const ownFiles = 300;

/** With fewer a mail server is of no use. */
const leastConnections = 20;

/** An idle server takes about 100 MB, and as much again under load (docs/performance.md). */
const leastMemoryBytes = 256 * 1_024 ** 2;

export const machineLimits = quickCheck({
  name: "machine-limits",
  needs: ["running"],
  async run(asked, { running }) {
    const { machine, question } = asked.tools;
    const { receive, deliver, web } = question.config;
    const about = "this machine";
    const needed =
      receive.max_connections +
      deliver.max_connections +
      (web.listen.length + web.http_listen.length > 0 ? web.max_connections : 0) +
      ownFiles;
    const files = await machine.openFiles(running.kind === "running" ? running.pid : undefined);
    const { totalBytes, availableBytes } = machine.memory;
    const values = { files, needed, total: sizeText(totalBytes), available: sizeText(availableBytes) };
    const isShort = files !== undefined && files < needed;
    if (isShort) {
      const fitting = Math.floor(((files - ownFiles) * receive.max_connections) / needed);
      const fewer = setting(question, "max_connections in [receive]", {
        from: String(receive.max_connections),
        to: String(fitting),
      });
      const changes = [act("raise-open-files", { needed }), ...(fitting < leastConnections ? [] : [fewer])];
      say(asked, "limits.open-files", { about, values, changes });
    }
    const isTight = Math.min(totalBytes, availableBytes) < leastMemoryBytes;
    const least = sizeText(leastMemoryBytes);
    if (isTight)
      say(asked, "limits.memory", { about, values: { ...values, least }, changes: [act("more-memory", { least })] });
    if (!isShort && !isTight) say(asked, "limits.good", { about, values });
  },
});
