// Which message of ours a complaint is about: the report has its header, with a return address that nobody can forge, or
// with our queue id and the Message-ID that belongs to it.
import type { BounceReport } from "../explain/index.ts";
import type { HistoryStore } from "../journal/history.ts";
import { latin1 } from "../mail/header.ts";
import { parseAddress } from "../mail/address.ts";
import type { QueueId } from "../mail/message.ts";
import { type Story, storyOf } from "./story.ts";
import type { Returns } from "../route/returns.ts";

interface EvidenceParts {
  readonly returns: Pick<Returns, "read">;
  readonly history: Pick<HistoryStore, "story">;
}

/** Each costs a look into the history. */
const mostLooks = 10;

const returnAddress = /bounce-[0-9a-z]{16}-[0-9a-z]{16}@[a-z0-9.-]{1,255}/gi;
/** As formatReceived writes it; a header may be folded between the words. */
const receivedId = /\bid\s+([0-9a-hjkmnp-tv-z]{16})\b/g;

/** The best proven first. */
export async function aboutMessages(
  { returns, history }: EvidenceParts,
  start: Uint8Array,
  { original }: BounceReport,
): Promise<Story[]> {
  const text = latin1(start);
  const stories: Story[] = [];
  const signed = text
    .matchAll(returnAddress)
    .map(([found]) => parseAddress(found.toLowerCase()))
    .flatMap((address) => {
      const read = address && returns.read(address);
      return read?.kind === "valid" ? [read.queueId] : [];
    })
    .take(mostLooks);
  for (const id of new Set(signed)) {
    const story = await storyOf(history, id);
    if (story !== undefined) stories.push(story);
  }
  const ids = new Set(text.matchAll(receivedId).map(([, id]) => id as QueueId));
  for (const id of ids.values().take(mostLooks)) {
    const story = await storyOf(history, id);
    // ids can be guessed: they are made of the time
    const messageId = bare(story?.received.messageId);
    if (story !== undefined && messageId !== "" && messageId === bare(original.messageId)) stories.push(story);
  }
  return stories;
}

const bare = (messageId = ""): string => messageId.replaceAll(/^<|>$/g, "");
