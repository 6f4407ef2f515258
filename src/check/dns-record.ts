// A DNS record that is to be published or removed, and how it is written in a zone file. RFC 1035 §5.1.

export interface DnsRecord {
  /** In full, without the trailing dot. */
  readonly name: string;
  readonly type: "A" | "AAAA" | "MX" | "TXT" | "PTR" | "CNAME" | "SRV" | "TLSA";
  /** As in a web form: of TXT the text without quotes, of MX `10 mx.example.org`. */
  readonly value: string;
}

export const txt = (name: string, value: string): DnsRecord => ({ name, type: "TXT", value });

const ttlSeconds = 3_600;
/** In octets. RFC 1035 §3.3.14 */
export const longestString = 255;

/** A line of a zone file. */
export const zoneLine = ({ name, type, value }: DnsRecord): string =>
  `${name}. ${ttlSeconds} IN ${type} ${zoneData(type, value)}`.replaceAll(/[\p{Cc}\p{Cf}]/gu, "?"); // of strangers, sometimes

function zoneData(type: DnsRecord["type"], value: string): string {
  switch (type) {
    case "TXT":
      return (value.match(new RegExp(`.{1,${longestString}}`, "gsu")) ?? [""])
        .map((part) => `"${part.replaceAll(/["\\]/g, "\\$&")}"`)
        .join(" ");
    case "MX":
    case "PTR":
    case "CNAME":
    case "SRV":
      return value.endsWith(".") ? value : `${value}.`;
    case "A":
    case "AAAA":
    case "TLSA":
      return value;
  }
}
