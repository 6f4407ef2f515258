// What a sender who is refused, and a recipient of marked mail, reads of the lists.
import { asciiLine, oneLine } from "../../mail/printable.ts";
import { type Reply, reply } from "../../mail/reply.ts";

/** Who is listed where. */
export interface Listed {
  /** The zone. */
  readonly list: string;
  /** The address or domain. */
  readonly what: string;
  /** "127.0.0.2"; RFC 5782 §2.3 */
  readonly answer: string;
  readonly weight: number;
  /** The list's reason: printable ASCII, of bounded length; often with the address of a page. */
  readonly text?: string;
}

/** Of what a list says, and of how many lists: a reply is to be read. */
const longestText = 200;
const mostLists = 4;

/** A list's words are a stranger's. */
export const listText = (text: string): string => asciiLine(oneLine(text), longestText);

const toldOf = (listings: readonly Listed[]): Listed[] =>
  listings
    .filter(({ weight }) => weight > 0)
    .toSorted((a, b) => b.weight - a.weight)
    .slice(0, mostLists);

const sayings = ({ list, what, text }: Listed): string => `${what} is listed by ${list}${text ? `: ${text}` : ""}`;

/** RFC 5782 §2.1: the reason is for the sender, who alone can have the entry removed. */
export function refusalReply(listings: readonly Listed[]): Reply {
  const told = toldOf(listings);
  const hasPage = told.some(({ text }) => /https?:\/\//i.test(text ?? ""));
  const [only] = told;
  const where = hasPage ? "see the page named there" : `look it up at ${only?.list ?? "the list"}`;
  const remedy = `${where} and have the entry removed, or write to postmaster here`;
  return told.length === 1
    ? reply(550, "5.7.1", `mail refused: ${sayings(only!)}; ${remedy}`)
    : reply(550, "5.7.1", "mail refused, because of these lists:", ...told.map(sayings), remedy);
}

export const markWords = (listings: readonly Listed[]): string => toldOf(listings).map(sayings).join("; ");
