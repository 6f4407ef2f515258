// Where the time of a CPU profile went, by stage of a message's journey: each sample counts for the innermost of our own
// functions that was running, so that what the runtime does for a stage counts for the stage.
import { readFile } from "node:fs/promises";

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** Microseconds. */
  readonly timeDeltas: readonly number[];
}

/** The first that fits the path below src/. */
const stages: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:receive\/|reception|smtp\/(?:server|command|content|dot-reader|bdat|verbs|parameters|input|path|effect))/,
    "receive",
  ],
  [/^judge\//, "judge"],
  [/^(?:storage\/|queue\/(?:intake|store|new-message))/, "keep"],
  [/^(?:route|dns)\//, "route"],
  [/^(?:deliver\/|smtp\/(?:client|reply))/, "deliver"],
  [/^(?:settling|notices|queue\/(?:settle|retry)|explain\/)/, "settle"],
  [/^(?:journal\/|base\/waiting-lines)/, "journal and log"],
  [/^(?:journey|queue\/worker)/, "journey and worker"],
  [/^mail\//, "mail (values: headers, addresses, replies)"],
];

const stageOf = (path: string): string => stages.find(([pattern]) => pattern.test(path))?.[1] ?? "other";

export interface StageTimes {
  readonly busyMs: number;
  /** Milliseconds, largest first. */
  readonly stages: readonly (readonly [string, number])[];
  readonly functions: readonly (readonly [string, number])[];
}

export async function stageTimes(file: string): Promise<StageTimes> {
  const profile = JSON.parse(await readFile(file, "utf8")) as Profile;
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const place = (id: number): string => {
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const [, path] = /^(?!.*node_modules).*\/(?:src|dist)\/(.+)$/.exec(nodes.get(at)!.callFrame.url) ?? [];
      if (path !== undefined) return stageOf(path);
    }
    const { functionName, url } = nodes.get(id)!.callFrame;
    if (functionName === "(garbage collector)") return "garbage collection";
    return url.includes("node_modules") ? "libraries" : "runtime (event loop, sockets)";
  };
  const byStage = new Map<string, number>();
  const byFunction = new Map<string, number>();
  let busyMs = 0;
  profile.samples.forEach((id, i) => {
    const { functionName, url, lineNumber } = nodes.get(id)!.callFrame;
    if (functionName === "(idle)") return;
    const ms = profile.timeDeltas[i]! / 1_000;
    busyMs += ms;
    const stage = place(id);
    byStage.set(stage, (byStage.get(stage) ?? 0) + ms);
    const name = `${stage}: ${functionName || "(anonymous)"} ${url.split("/").slice(-2).join("/")}:${lineNumber + 1}`;
    byFunction.set(name, (byFunction.get(name) ?? 0) + ms);
  });
  const sorted = (times: Map<string, number>) => [...times].sort(([, a], [, b]) => b - a);
  return { busyMs, stages: sorted(byStage), functions: sorted(byFunction) };
}
