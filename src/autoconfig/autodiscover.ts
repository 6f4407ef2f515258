// Autodiscover version 1 ("POX", MS-OXDSCLI), as Outlook and phones ask for it: what is asked, and what we answer.
import type { AutodiscoverError } from "./autodiscover-answer.ts";
export { type AutodiscoverAnswer, type AutodiscoverError, readAutodiscover } from "./autodiscover-answer.ts";
export { type AutodiscoverV2Answer, readAutodiscoverV2, writeAutodiscoverV2 } from "./autodiscover-v2.ts";
import { quoted } from "./place.ts";
import type { AppLogin, AppSettings, Security, ServerSettings } from "./settings.ts";
import { childrenOf, isNamed, readXml, textIn } from "./xml-reader.ts";
import { element, formatXml, type XmlNode } from "./xml-writer.ts";

const schemas = "http://schemas.microsoft.com/exchange/autodiscover";
const requestSchema = `${schemas}/outlook/requestschema/2006`;
const outlookSchema = `${schemas}/outlook/responseschema/2006a`;
const responseSchema = `${schemas}/responseschema/2006`;

type AutodiscoverRequest =
  | { readonly kind: "request"; readonly address: string }
  /** `code`: of the error to answer with. */
  | { readonly kind: "unreadable"; readonly code: 600 | 601; readonly why: string };

/** The body of a POST to /autodiscover/autodiscover.xml. MS-OXDSCLI §2.2.3 */
export function readAutodiscoverRequest(xml: string): AutodiscoverRequest {
  const invalid = (why: string): AutodiscoverRequest => ({ kind: "unreadable", code: 600, why });
  const read = readXml(xml);
  if (read.kind === "unreadable") return invalid(read.why);
  const request = childrenOf(read.element, "Request")[0];
  if (!isNamed(read.element, "Autodiscover") || request === undefined)
    return invalid('It is no request: "Autodiscover" with a "Request" in it is missing.');
  const schema = textIn(request, "AcceptableResponseSchema");
  if (schema !== undefined && !/\/outlook\/responseschema\/2006a?\/?$/i.test(schema))
    return {
      kind: "unreadable",
      code: 601,
      why: `Answers of the kind ${quoted(schema.replace(/^.*\/autodiscover\//, ""))} are not to be had here.`,
    };
  const address = textIn(request, "EMailAddress");
  return address === undefined
    ? invalid('It asks for no address: "EMailAddress" is missing.')
    : { kind: "request", address };
}

/** A body that asks, for those who check. */
export const writeAutodiscoverRequest = (address: string): string =>
  formatXml(
    element(
      "Autodiscover",
      [element("Request", [element("EMailAddress", address), element("AcceptableResponseSchema", outlookSchema)])],
      { xmlns: requestSchema },
    ),
  );

/** The body of a 200. `settings` must be whole (`isWhole`) and made for this address. It has no `User`: we know nobody's name. */
export function writeAutodiscover(settings: AppSettings, address: string): string {
  const servers = [...settings.incoming, ...settings.outgoing];
  // Outlook expects one of each protocol
  const best = servers.filter(({ protocol }, i) => servers.findIndex((other) => other.protocol === protocol) === i);
  return answer(
    [
      element("Account", [
        element("AccountType", "email"),
        element("Action", "settings"),
        ...best.map((server) => writeProtocol(server, address)),
      ]),
    ],
    { xmlns: outlookSchema },
  );
}

const answer = (content: readonly XmlNode[], attributes: Readonly<Record<string, string>>): string =>
  formatXml(element("Autodiscover", [element("Response", content, attributes)], { xmlns: responseSchema }));

const onOff = (isOn: boolean): "on" | "off" => (isOn ? "on" : "off");

/** MS-OXDSCLI §2.2.4: `Encryption` is the newer word; who does not know it must not use clear text. */
function writeProtocol({ protocol, host, port, security, username, logins }: ServerSettings, address: string): XmlNode {
  const encryptions = { tls: "SSL", starttls: "TLS", none: "None" } as const satisfies Record<Security, string>;
  const isFirst = (login: AppLogin): boolean => logins[0] === login;
  return element("Protocol", [
    element("Type", protocol.toUpperCase()),
    element("Server", host),
    element("Port", port),
    element("DomainRequired", "off"),
    element("LoginName", username ?? address),
    element("SPA", onOff(isFirst("kerberos"))),
    element("SSL", onOff(security !== "none")),
    element("Encryption", encryptions[security]),
    element("AuthRequired", onOff(!isFirst("none"))),
    ...(protocol === "smtp" ? [element("UsePOPAuth", "off"), element("SMTPLast", "off")] : []),
  ]);
}

/** `now`: in ms. The body of a 200, too. */
export function writeAutodiscoverError({ code, message }: AutodiscoverError, now: number): string {
  const time = new Date(now).toISOString().slice("yyyy-mm-ddT".length, -1);
  const error = [element("ErrorCode", code), element("Message", message), element("DebugData", "")];
  return answer([element("Error", error, { Time: time, Id: String(Math.trunc(now / 1_000)) })], {});
}
