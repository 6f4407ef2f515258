// The journey of a message as a drawing: events in, lines out.
import type { Event } from "../journal/event.ts";
import type { Address } from "../mail/address.ts";
import { oneLine } from "../mail/printable.ts";
import type { Paint } from "./context.ts";
import { judgedTexts } from "./judged-words.ts";
import { pathText, sinceText, timeText } from "./human-units.ts";
import {
  type Along,
  type Received,
  receivedText,
  type Refused,
  refusedText,
  stopOf,
  type Viewed,
} from "./trace-words.ts";

export const unicodeGlyphs = {
  rail: "│",
  fork: "├─",
  end: "└─",
  received: "●",
  delivered: "✔",
  deferred: "◌",
  bounced: "✘",
  notice: "✉",
  operator: "◆",
  step: "·",
};

export const asciiGlyphs: typeof unicodeGlyphs = {
  rail: "|",
  fork: "|-",
  end: "`-",
  received: "o",
  delivered: "+",
  deferred: "~",
  bounced: "x",
  notice: "@",
  operator: "!",
  step: "-",
};

export interface Drawing extends Viewed {
  readonly glyphs: typeof unicodeGlyphs;
  readonly paint: Paint;
  /** Columns; longer text is wrapped. Infinity: it is not. */
  readonly width: number;
}

/** One drawing per message, in the order of the events; refused clients, who left no message, have a line each. */
export function drawJourneys(events: readonly Event[], drawing: Drawing): string[] {
  const groups = Map.groupBy(events, (event) => (event.kind === "refused" ? event : event.queueId));
  return [...groups.values()].flatMap((group, i) => {
    const lines = group.flatMap((event) => (event.kind === "refused" ? drawRefused(event, drawing) : []));
    return [...(i > 0 ? [""] : []), ...(lines.length > 0 ? lines : drawMessage(group, drawing))];
  });
}

function drawMessage(events: readonly Event[], drawing: Drawing): string[] {
  const received = events.find((event) => event.kind === "received");
  const along = events.filter((event) => event.kind !== "received" && event.kind !== "refused");
  const byRecipient = new Map<Address, Along[]>(received?.to.map((to) => [to, []]));
  for (const event of along) byRecipient.set(event.to, [...(byRecipient.get(event.to) ?? []), event]);
  const { glyphs, paint } = drawing;
  const branches = [...byRecipient].flatMap(([to, stops], i) => {
    const last = i === byRecipient.size - 1;
    const fork = last ? glyphs.end : glyphs.fork;
    const rail = last ? " " : glyphs.rail;
    const lines = drawBranch(stops, { received, rail: `${rail}  `, drawing });
    return [glyphs.rail, `${fork} ${paint("bold", pathText(to))}`, ...lines];
  });
  return [...drawStart(events, received, drawing), ...branches];
}

function drawStart(events: readonly Event[], received: Received | undefined, drawing: Drawing): string[] {
  const { glyphs, paint, timeZone } = drawing;
  const queueId = events.find((event) => event.kind !== "refused")?.queueId ?? "";
  const title = [paint("bold", queueId), oneLine(received?.messageId ?? "")].join("  ").trimEnd();
  const start = `${glyphs.received} ${title}`;
  if (received === undefined) return [start];
  const first = `${glyphs.rail} ${paint("dim", timeText(received.at, timeZone))}  `;
  const place = { rail: glyphs.rail, indent: 2 + timeWidth + 2, drawing };
  return [start, ...hang(receivedText(received), { ...place, first }), ...drawJudged(received, place)];
}

/** Who it is from, and what the checks said. */
function drawJudged(event: Received | Refused, place: Omit<Hanging, "first">): string[] {
  const { rail, indent, drawing } = place;
  const first = `${rail.padEnd(indent)}${drawing.glyphs.step} `;
  const texts = event.judged ? judgedTexts(event.judged, event.kind === "refused" ? event : undefined) : [];
  return texts.flatMap((text) => hang(text, { ...place, first, indent: indent + 2 }));
}

interface Branch {
  readonly received: Received | undefined;
  readonly rail: string;
  readonly drawing: Drawing;
}

function drawBranch(events: readonly Along[], { received, rail, drawing }: Branch): string[] {
  const { glyphs, paint, timeZone } = drawing;
  if (events.length === 0) return [`${rail}${glyphs.deferred} no attempt so far`];
  let before = received?.at ?? events[0]!.at;
  return events.flatMap((event, i) => {
    const later = events.slice(i + 1);
    const latest = later.every(({ kind }) => kind === "notice" || kind === "notice-suppressed");
    const {
      glyph,
      style,
      text,
      steps = [],
      meaning,
      next,
    } = stopOf(event, { sender: received?.from, latest, viewed: drawing });
    const since = `+${sinceText(before, event.at)}`.padEnd(sinceWidth);
    before = event.at;
    const first = `${rail}${paint(style, glyphs[glyph])} ${paint("dim", `${timeText(event.at, timeZone)}  ${since}`)}  `;
    const below = `${rail}${later.length === 0 ? " " : glyphs.rail}`;
    const indent = rail.length + 2 + timeWidth + 2 + sinceWidth + 2;
    const place = { rail: below, indent, drawing };
    return [
      ...hang(text, { ...place, first }),
      ...steps.flatMap((step) =>
        hang(step, { ...place, first: `${below.padEnd(indent)}${glyphs.step} `, indent: indent + 2 }),
      ),
      ...(meaning === undefined ? [] : hang(meaning, { ...place, first: below.padEnd(indent) })),
      ...(next === undefined ? [] : hang(next, { ...place, first: below.padEnd(indent) })),
    ];
  });
}

/** "2026-03-01 13:00:00" and "+23 min" */
const timeWidth = 19;
const sinceWidth = 7;

function drawRefused(event: Refused, drawing: Drawing): string[] {
  const { glyphs, paint, timeZone } = drawing;
  const first = `${paint("red", glyphs.bounced)} ${paint("dim", timeText(event.at, timeZone))}  `;
  const place = { rail: "", indent: 2 + timeWidth + 2, drawing };
  return [...hang(refusedText(event), { ...place, first }), ...drawJudged(event, place)];
}

interface Hanging {
  /** Before the first line, as wide as `indent` when colours are taken away. */
  readonly first: string;
  /** At the left of the lines after it. */
  readonly rail: string;
  readonly indent: number;
  readonly drawing: Drawing;
}

/** Text from column `indent` on, wrapped at spaces; a word that is too long stands over. */
function hang(text: string, { first, rail, indent, drawing }: Hanging): string[] {
  const room = Math.max(drawing.width - indent, narrowest);
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > room) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.map((line, i) => (i === 0 ? first + line : rail.padEnd(indent) + line));
}

/** Narrower than this, wrapping makes nothing easier to read. */
const narrowest = 30;
