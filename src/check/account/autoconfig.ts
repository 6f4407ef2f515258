// Mozilla's autoconfig: what Thunderbird, K-9 and others fetch from a domain, and from the public directory.
import { readAutoconfig } from "../../autoconfig/mozilla.ts";
import { act } from "../finding.ts";
import type { Asked } from "../run.ts";
import { isKnown, mxHosts, organizationOf } from "./dns-names.ts";
import { fetchPage, type PageWanted, shortUrl } from "./page.ts";
import { accountCheck, type AccountTools, say, type Source, type SourceName } from "./question.ts";

const path = "/mail/config-v1.1.xml";

export const autoconfig = accountCheck({
  name: "autoconfig",
  async run(asked) {
    const { domain, address, limits } = asked.tools.question;
    // apps send the address, since some servers make a file for each; who answers is the domain itself
    const query = `?emailaddress=${encodeURIComponent(address)}`;
    const host = `autoconfig.${domain}`;
    const pages: PageWanted[] = [
      { url: `https://${host}${path}${query}` },
      { url: `https://${domain}/.well-known/autoconfig${path}${query}`, isChance: true },
    ];
    const found = await asked.part(domain, limits.sourceMs, (part) =>
      Promise.all(pages.map((page) => read(part, page, "autoconfig"))),
    );
    const sources = (found ?? []).filter((source) => source !== undefined);
    if (found !== undefined && sources.length === 0 && (await isKnown(asked)))
      await tellMissing(asked, `http://${host}${path}`);
    return { sources };
  },
});

/** Without encryption only newer apps no longer ask. Nothing of the person is sent there, and nothing from there is used. */
async function tellMissing(asked: Asked<AccountTools>, url: string): Promise<void> {
  const { web, question } = asked.tools;
  const fetched = await web.get(url, { timeoutMs: question.limits.fetchMs, signal: asked.signal });
  const isThere = fetched.kind === "answered" && fetched.status === 200 && fetched.text.includes("<clientConfig");
  if (isThere) say(asked, "settings.only-http", { about: url, values: { url }, changes: [act("web-certificate")] });
  else say(asked, "settings.no-autoconfig", { changes: [act("offer-autoconfig")] });
}

export const directory = accountCheck({
  name: "directory",
  async run(asked) {
    const { domain, limits, directory: base } = asked.tools.question;
    if (base === undefined) return { sources: [] };
    const sources = await asked.part(base, limits.sourceMs, async (part) => {
      const own = await fromDirectory(part, domain, "directory");
      if (own !== undefined) return [own];
      // as apps do: the domain's mail may be with a provider who is in the directory
      const [best] = await mxHosts(part, domain);
      const provider = best === undefined ? undefined : organizationOf(best);
      if (provider === undefined || provider === domain) return [];
      const theirs = await fromDirectory(part, provider, "directory-mx");
      return theirs === undefined ? [] : [theirs];
    });
    if (sources?.length === 0 && (await isKnown(asked)))
      say(asked, "settings.not-in-directory", { values: { directory: shortUrl(base) } });
    return { sources: sources ?? [] };
  },
});

/** It learns the domain, and nothing else of the person. */
function fromDirectory(
  asked: Asked<AccountTools>,
  domain: string,
  name: "directory" | "directory-mx",
): Promise<Source | undefined> {
  const base = asked.tools.question.directory!.replace(/\/$/, "");
  return read(asked, { url: `${base}/${domain}` }, name);
}

/** Undefined: there is no such file, or it is of no use; that is told where it is a mistake. */
async function read(asked: Asked<AccountTools>, wanted: PageWanted, name: SourceName): Promise<Source | undefined> {
  const { localPart, domain } = asked.tools.question;
  const page = await fetchPage(asked, wanted);
  if (page === undefined) return undefined;
  const url = shortUrl(page.url);
  const config = readAutoconfig(page.text, { localPart, domain });
  const said = { about: url, changes: [act("mend-settings-file", { url })] };
  if (config.kind === "unreadable") {
    say(asked, "settings.unreadable", { ...said, values: { url, format: "autoconfig file", problem: config.why } });
    return undefined;
  }
  for (const problem of config.skipped) say(asked, "settings.skipped", { ...said, values: { url, problem } });
  // MX records lead to it
  return { name, at: url, settings: config.settings, ...(name === "directory-mx" && { isForgeable: true }) };
}
