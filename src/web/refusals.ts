// What the web server says when it has no page: plain text, for people who look into what their app was told.
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";

export const words = {
  noSuchSite:
    "There is no such site here. This server answers for the names of its own mail domains only; check the name in the address.",
  nothingHere: "There is nothing at this address. Help with mail apps is at /help.",
  noPolicy:
    "There is no MTA-STS policy here. It is served at mta-sts.DOMAIN, for domains that have one ([mta_sts] in waybill.toml).",
  noSettings: "This server has no settings of mail apps for this domain. Ask whoever runs your mail for them.",
  whichAddress: "Whose settings? Write your mail address behind the question mark: ?emailaddress=you@example.org",
  noAddress: "That is no mail address. Write it in full: you@example.org",
  onlyRead: "This page can only be read (GET).",
  onlyPost: "Autodiscover is asked with POST, and an XML body that has the mail address.",
  onlyEncrypted: "This is answered over HTTPS only. Write https:// instead of http://.",
  tooLong: "That is too long: nothing that is asked here needs so many bytes.",
  manyHosts: "The request names its host twice. It has to say once which site it is for.",
  brokenOff: "The request broke off before its end.",
  ourFault: "Something is wrong with this server. Its log tells more; try again later.",
} as const;

export const refusal = (c: Context, status: ContentfulStatusCode, text: string): Response =>
  c.text(`${text}\n`, status);

/** 405, with what is possible. RFC 9110 §15.5.6 */
export function wrongMethod(c: Context, text: string, allow: string): Response {
  c.header("allow", allow);
  return refusal(c, 405, text);
}
