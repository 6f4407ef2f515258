// A page with settings, fetched as mail apps do: redirects are followed as far as apps follow them, to https only. What is
// wrong with the page's server is told here.
import { act, type FindingId, type Values } from "../finding.ts";
import type { Fetched, Posted } from "../net/web.ts";
import type { Asked } from "../run.ts";
import { type AccountTools, say } from "./question.ts";

export interface Page {
  /** Where it was in the end. */
  readonly url: string;
  readonly text: string;
}

export interface PageWanted {
  readonly url: string;
  readonly body?: Posted;
  /** A server that nobody promised: that it is not there is no mistake. */
  readonly isChance?: true;
}

/** MS-OXDSCLI lets a server send a client elsewhere ten times; whoever means well needs fewer. */
const mostRedirects = 4;

/** Undefined: there is no such page; where that is a mistake, it is told. */
export async function fetchPage(asked: Asked<AccountTools>, wanted: PageWanted): Promise<Page | undefined> {
  let { url } = wanted;
  for (let redirects = 0; ; redirects += 1) {
    const fetched = await fetchOnce(asked, { ...wanted, url });
    if (fetched.kind === "failed") return tellFailed(asked, fetched, { ...wanted, url });
    const { status, location } = fetched;
    if (status === 200) return isWebPage(fetched) ? tellWebPage(asked, url, wanted) : { url, text: fetched.text };
    if (!isRedirect(status)) return tellStatus(asked, fetched, { ...wanted, url });
    const next = targetOf(location, url);
    if (next === undefined || redirects === mostRedirects) {
      const problem = next === undefined ? `to ${location ?? "nowhere"}` : `more than ${mostRedirects} times`;
      return tell(asked, "settings.redirect", { url, problem });
    }
    url = next;
  }
}

const fetchOnce = (
  { tools, signal }: Asked<AccountTools>,
  { url, body }: Pick<PageWanted, "url" | "body">,
): Promise<Fetched> => {
  const limit = { timeoutMs: tools.question.limits.fetchMs, signal };
  return body === undefined ? tools.web.get(url, limit) : tools.web.post(url, body, limit);
};

/** RFC 9110 §15.4; mail apps repeat a POST whatever the code, MS-OXDSCLI §3.1.5. */
const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status);

/** Undefined: not to be followed. */
function targetOf(location: string | undefined, base: string): string | undefined {
  const next = location === undefined ? null : URL.parse(location, base);
  return next?.protocol === "https:" && next.username === "" ? next.href : undefined;
}

/** A site that answers everything with its start page. */
const isWebPage = ({ text, contentType }: Extract<Fetched, { kind: "answered" }>): boolean =>
  /^\s*(?:<!doctype html|<html)/i.test(text) ||
  (/^text\/html/i.test(contentType) && !text.trimStart().startsWith("<?xml"));

function tellWebPage(asked: Asked<AccountTools>, url: string, { isChance }: PageWanted): undefined {
  return isChance ? undefined : tell(asked, "settings.web-page", { url });
}

function tellFailed(
  asked: Asked<AccountTools>,
  { problem, text }: Extract<Fetched, { kind: "failed" }>,
  { url, isChance }: PageWanted,
): undefined {
  switch (problem) {
    case "dns":
      return undefined;
    case "certificate":
      return tell(asked, "settings.web-certificate", { url, problem: certificateWords(text), seen: text });
    case "connect":
      return isChance ? undefined : tell(asked, "settings.web-failed", { url, problem: text });
    case "timeout":
      return tell(asked, "settings.web-failed", { url, problem: text });
  }
}

/** OpenSSL's, in ours. */
function certificateWords(text: string): string {
  if (/altnames|does not match/i.test(text)) return "its certificate is for another name";
  if (/not yet valid/i.test(text)) return "its certificate is not valid yet";
  if (/expired/i.test(text)) return "its certificate has expired";
  if (/self[- ]signed/i.test(text)) return "its certificate is signed by nobody whom apps trust";
  if (/issuer|verify the first/i.test(text))
    return "its certificate cannot be followed to an authority that apps trust";
  return "apps do not trust its certificate";
}

function tellStatus(
  asked: Asked<AccountTools>,
  { status }: Extract<Fetched, { kind: "answered" }>,
  { url }: PageWanted,
): undefined {
  if (status === 401) return tell(asked, "settings.asks-login", { url });
  // not found, gone, forbidden, a bad request: it has no such page
  return status >= 500 ? tell(asked, "settings.web-failed", { url, problem: `it answers ${status}` }) : undefined;
}

function tell(asked: Asked<AccountTools>, id: FindingId, values: Values & { readonly url: string }): undefined {
  const { url, problem, seen = problem } = values;
  const { host } = new URL(url);
  const evidence = seen === undefined ? [] : [String(seen)];
  say(asked, id, {
    about: shortUrl(url),
    values: { host, ...values, url: shortUrl(url) },
    evidence,
    changes: changesOf(id),
  });
}

function changesOf(id: FindingId) {
  if (id === "settings.web-certificate") return [act("web-certificate")];
  if (id === "settings.web-failed") return [act("web-server")];
  if (id === "settings.redirect") return [act("web-redirect")];
  if (id === "settings.web-page") return [act("no-web-page")];
  return [];
}

/** Without what stands behind "?": an address in it says nothing here. */
export const shortUrl = (url: string): string => url.replace(/\?.*$/s, "");
