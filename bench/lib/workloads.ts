// The workloads of the side-by-side benchmark, as far as one program alone can show them.
import type { Load } from "./load.ts";

export interface Workload {
  readonly name: string;
  readonly what: string;
  readonly load: Omit<Load, "port">;
  readonly sinkDelayMs?: number;
}

const small = { messages: 5_000, sessions: 20, bytes: 1_024 } as const;

export const workloads: readonly Workload[] = [
  { name: "W1", what: "1 KiB, a connection per message", load: { ...small, reconnects: true } },
  { name: "W2", what: "1 KiB, connections kept", load: small },
  { name: "W3", what: "100 KiB", load: { ...small, messages: 2_000, bytes: 102_400 } },
  { name: "W4", what: "5 MiB, 4 sessions", load: { messages: 60, sessions: 4, bytes: 5 * 1024 ** 2 } },
  { name: "W5", what: "4 KiB, 50 recipients", load: { messages: 200, sessions: 10, bytes: 4_096, recipients: 50 } },
  {
    name: "W6",
    what: "next hop answers 20 ms late, 50 sessions",
    load: { ...small, messages: 2_000, sessions: 50 },
    sinkDelayMs: 20,
  },
];
