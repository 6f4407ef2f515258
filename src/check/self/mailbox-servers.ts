// The programs beside Waybill that its settings name: where `deliver` hands mail over (LMTP), and who checks passwords (Dovecot).
// Each is connected to and heard, and told nothing. RFC 2033.
import { splitPort } from "../../config/names.ts";
import { act, type Change, type FindingId } from "../finding.ts";
import type { Asked } from "../run.ts";
import type { LocalPlace } from "./ports.ts";
import { isAnotherUsers, placeText, say, selfCheck, type SelfTools } from "./question.ts";

export const mailboxServers = selfCheck({
  name: "mailbox-servers",
  async run(asked) {
    const { config } = asked.tools.question;
    const { dovecot } = config.submission;
    const places = new Set(config.domain.flatMap(({ deliver }) => /^lmtp:(.+)$/s.exec(deliver)?.[1] ?? []));
    const toMailboxes = Array.from(places, (place): Neighbour => ({ ...lmtp, to: placeOf(place) }));
    const all = dovecot === undefined ? toMailboxes : [...toMailboxes, { ...logins, to: { path: dovecot } }];
    await Promise.all(all.map((neighbour) => lookAt(neighbour, asked)));
  },
});

const placeOf = (place: string): LocalPlace => (place.startsWith("/") ? { path: place } : splitPort(place)!);

interface Neighbour {
  readonly to: LocalPlace;
  /** Of its first line. */
  readonly greets: RegExp;
  readonly good: FindingId;
  readonly down: FindingId;
  readonly change: Change;
}

const lmtp = {
  greets: /^220[ -]/,
  good: "mailbox-server.good",
  down: "delivery.mailbox-server-down",
  change: act("start-mailbox-server"),
} as const;

const logins = {
  greets: /^VERSION\t1\t/,
  good: "dovecot.good",
  down: "dovecot.down",
  change: act("start-dovecot", { section: "[submission]" }),
} as const;

async function lookAt({ to, greets, good, down, change }: Neighbour, asked: Asked<SelfTools>): Promise<void> {
  const { tools } = asked;
  const seen = await tools.machine.firstLine(to, tools.question.limits.replyMs);
  const about = "path" in to ? to.path : placeText(to);
  if (seen.kind === "line" && greets.test(seen.text)) return say(asked, good, { about, evidence: [seen.text] });
  const isHidden = /\bEACCES\b/.test(seen.text) && (await isAnotherUsers(tools)); // Waybill's user may be let in
  const problem = seen.kind === "line" ? `it greets with ${seen.text}` : seen.text;
  const level = isHidden ? "unknown" : "error";
  say(asked, down, { about, level, values: { problem }, evidence: [seen.text], changes: [change] });
}
