// docs/rfc.md: what Waybill does of each RFC, and which files cite it.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

type Status = "yes" | "partial" | "planned" | "no";

/** Number, title, status, and what is missing or different. */
const rfcs: readonly (readonly [number, string, Status, string?])[] = [
  [1034, "Domain names: concepts", "yes", "through the system's resolver"],
  [1035, "Domain names: wire format", "yes", "through the system's resolver"],
  [1112, "IP multicast", "partial", "addresses of nobody, in the check of SPF"],
  [1122, "Requirements for hosts", "yes", "name and address rules"],
  [1123, "Requirements for hosts: applications", "partial", "names of hosts"],
  [1468, "ISO-2022-JP", "yes", "read in bounces"],
  [1870, "SIZE", "yes"],
  [1912, "Common DNS errors", "yes", "addresses whose name does not lead back"],
  [1918, "Private addresses", "yes"],
  [1939, "POP3", "partial", "as a client, in checks"],
  [2033, "LMTP", "partial", "as a client; not as a server"],
  [2034, "ENHANCEDSTATUSCODES", "yes"],
  [2045, "MIME: bodies", "partial", "written in notices; not converted on relay"],
  [2046, "MIME: media types", "partial", "written in notices"],
  [2047, "MIME: header words", "yes", "read and written in notices"],
  [2142, "Mailbox names", "partial", "postmaster and abuse are looked for by `waybill check domain`"],
  [2152, "UTF-7", "partial", "read in bounces"],
  [2181, "DNS clarifications", "yes"],
  [2182, "Secondary DNS servers", "partial", "name servers are compared by `waybill check domain`"],
  [2308, "Negative caching of DNS", "partial", "a fixed time in place of the SOA's"],
  [2369, "List-* fields", "partial", "lists are told apart from bounces"],
  [2449, "CAPA of POP3", "partial", "as a client, in checks"],
  [2505, "Anti-spam recommendations", "partial", "relay rules, limits, traces"],
  [2595, "TLS for IMAP and POP3", "partial", "as a client, in checks"],
  [2782, "SRV records", "yes"],
  [2852, "DELIVERBY", "planned"],
  [2919, "List-ID", "partial", "lists are told apart from bounces"],
  [2920, "PIPELINING", "yes", "both sides"],
  [3030, "CHUNKING, BINARYMIME", "yes", "both sides"],
  [3206, "Response codes of POP3", "partial", "read in checks"],
  [3207, "STARTTLS", "yes", "both sides; input behind STARTTLS is thrown away"],
  [3282, "Content-Language", "yes"],
  [3454, "stringprep", "partial", "as the SASL profiles need it"],
  [3461, "DSN extension", "yes", "both sides"],
  [3463, "Enhanced status codes", "yes"],
  [3464, "DSN messages", "yes", "written and read"],
  [3501, "IMAP4rev1", "partial", "as a client, in checks"],
  [3596, "DNS for IPv6", "yes"],
  [3834, "Automatic responses", "yes", "notices are marked; those of others are told apart"],
  [3848, "ESMTP transmission types", "yes"],
  [3986, "URI syntax", "yes"],
  [4013, "SASLprep", "partial", "NFKC, no controls; by RFC 8265 in the rest"],
  [4035, "DNSSEC", "partial", "the AD bit of a validating resolver is read"],
  [4155, "Mailbox files", "partial", "read in bounces"],
  [4291, "IPv6 addresses", "yes"],
  [4315, "UIDPLUS of IMAP", "partial", "as a client, in checks"],
  [4422, "SASL", "yes", "both sides"],
  [4592, "Wildcards in DNS", "partial", "told apart from real records in checks"],
  [4616, "SASL PLAIN", "yes", "both sides"],
  [4632, "CIDR", "yes"],
  [4648, "Base64, base32", "yes"],
  [4865, "FUTURERELEASE", "planned"],
  [4954, "AUTH", "yes", "both sides"],
  [5034, "SASL for POP3", "partial", "as a client, in checks"],
  [5056, "Channel bindings", "yes", "with SCRAM-SHA-256-PLUS"],
  [5068, "Submission on port 587", "partial", "in checks"],
  [5233, "Subaddresses", "yes"],
  [5248, "Enhanced status code registry", "yes"],
  [5280, "X.509 certificates", "yes", "a self-signed one is made for first use"],
  [5321, "SMTP", "yes", "EXPN is not offered; VRFY answers 252"],
  [5322, "Message format", "yes", "messages pass through unchanged"],
  [5530, "Response codes of IMAP", "partial", "read in checks"],
  [5646, "Language tags", "partial", "the language, not its varieties"],
  [5737, "Addresses for documentation", "yes"],
  [5782, "DNS lists", "yes"],
  [5801, "GS2 header", "yes", "of SCRAM and OAUTHBEARER"],
  [5802, "SCRAM", "yes", "on the server's side"],
  [5803, "SCRAM secrets as text", "yes", "in the accounts file"],
  [5890, "IDNA", "yes"],
  [5905, "NTP", "partial", "whether it keeps the clock, in checks"],
  [5929, "Channel bindings for TLS", "yes", "tls-server-end-point; tls-unique is not offered"],
  [5965, "Feedback reports", "yes", "read; complaints count in reputation"],
  [6008, "header.b", "yes"],
  [6066, "TLS extensions", "yes", "server name indication"],
  [6125, "Service identity in certificates", "partial", "names are compared by `waybill check`"],
  [6152, "8BITMIME", "partial", "no conversion: a message that needs it is bounced where it is lacking"],
  [6154, "Special-use mailboxes of IMAP", "partial", "as a client, in checks"],
  [6177, "IPv6 address assignment to sites", "yes"],
  [6186, "SRV records of mail apps", "yes", "written for our domains, read in checks"],
  [6376, "DKIM", "yes", "verified; signed with relaxed/relaxed"],
  [6409, "Submission", "yes"],
  [6430, "Feedback reports: not spam", "yes", "told apart from complaints"],
  [6449, "Complaint feedback loops", "partial", "complaints are read"],
  [6522, "multipart/report", "yes"],
  [6531, "SMTPUTF8", "yes"],
  [6532, "Internationalized headers", "yes"],
  [6533, "Internationalized DSNs", "yes"],
  [6591, "Authentication failure reports", "partial", "read"],
  [6647, "Greylisting", "yes"],
  [6698, "DANE", "planned"],
  [6710, "MT-PRIORITY", "planned"],
  [6749, "OAuth 2.0", "partial", "tokens are checked, not given out"],
  [6750, "Bearer tokens", "yes"],
  [6761, "Special-use names", "yes", "localhost"],
  [6762, "Multicast DNS", "partial", "`.local` is told in checks"],
  [6840, "DNSSEC clarifications", "partial", "the AD bit"],
  [6854, "Groups in From", "yes", "a From without an author is refused from strangers"],
  [6890, "Special-purpose addresses", "yes"],
  [6891, "EDNS", "yes", "the lab's DNS server"],
  [7208, "SPF", "yes", "all of its public suite"],
  [7372, "Codes for authentication", "yes", "5.7.20 to 5.7.25 as they fit"],
  [7505, "Null MX", "yes"],
  [7519, "JWT", "yes"],
  [7628, "OAUTHBEARER", "yes", "and XOAUTH2"],
  [7662, "Token introspection", "yes"],
  [7671, "DANE updates", "partial", "`waybill check domain`"],
  [7672, "DANE for SMTP", "partial", "looked at by `waybill check domain`; delivery is planned"],
  [7677, "SCRAM-SHA-256", "yes", "and -PLUS"],
  [7766, "DNS over TCP", "yes", "the lab's DNS server"],
  [7817, "TLS server identity for mail apps", "partial", "in checks"],
  [8020, "NXDOMAIN: nothing underneath", "yes"],
  [8098, "Read receipts", "partial", "their senders are let through"],
  [8265, "PRECIS", "partial", "passwords: NFKC, no controls"],
  [8301, "DKIM: algorithms and key sizes", "yes", "no SHA-1, no key below 1,024 bits"],
  [8305, "Happy Eyeballs", "partial", "broken IPv6 is told in checks"],
  [8314, "TLS for submission", "yes", "465 and 587"],
  [8375, "home.arpa", "partial", "told in checks"],
  [8410, "Ed25519 keys", "yes"],
  [8446, "TLS 1.3", "yes", "Node's"],
  [8460, "TLS-RPT", "partial", "looked at by `waybill check domain`; reports are planned"],
  [8461, "MTA-STS", "planned"],
  [8463, "DKIM: Ed25519", "yes", "verified and signed"],
  [8601, "Authentication-Results", "yes", "those that claim to be ours are removed"],
  [8616, "Internationalized authentication", "yes"],
  [8617, "ARC", "partial", "verified; not sealed, as the experiment has ended and it moves to historic"],
  [8689, "REQUIRETLS", "planned"],
  [8996, "TLS 1.0 and 1.1 are deprecated", "yes"],
  [9051, "IMAP4rev2", "partial", "as a client, in checks"],
  [9068, "JWT access tokens", "yes"],
  [9110, "HTTP", "partial", "status codes explained; redirects that keep the method"],
  [9112, "HTTP/1.1", "partial", "requests that two servers could read differently are refused by the web server"],
  [9208, "QUOTA of IMAP", "partial", "read in checks"],
  [9266, "tls-exporter", "yes"],
  [9293, "TCP", "partial", "refused connections are told in checks"],
  [9422, "LIMITS", "yes", "RCPTMAX, both sides"],
  [9525, "Service identity in TLS", "partial", "in checks"],
  [9562, "UUIDs", "yes", "in profiles"],
  [9989, "DMARC", "partial", "verified, with tree walk, np, psd and t; reports are planned"],
  [9990, "DMARC: aggregate reports", "planned"],
  [9991, "DMARC failure reports", "planned", "whether their addresses have agreed is checked"],
];

/** Files under src/ that cite each RFC, tests left out. */
function citations(): Map<number, string[]> {
  const found = new Map<number, string[]>();
  for (const file of globSync("src/**/*.ts", { cwd: root }).toSorted()) {
    if (file.endsWith(".test.ts")) continue;
    const text = readFileSync(join(root, file), "utf8");
    for (const number of new Set(Array.from(text.matchAll(/RFC (\d{3,5})/g), ([, digits]) => Number(digits))))
      found.set(number, [...(found.get(number) ?? []), file]);
  }
  return found;
}

/** The page. Throws when the code cites an RFC that the list above does not know. */
export function rfcPage(): string {
  const cited = citations();
  const unknown = [...cited.keys()].filter((number) => !rfcs.some(([known]) => known === number));
  if (unknown.length > 0) throw new Error(`scripts/rfc-list.ts does not know RFC ${unknown.join(", ")}: add a row.`);
  const rows = rfcs.map(([number, title, status, note = ""]) => {
    const files = (cited.get(number) ?? []).map((file) => `[${file.split("/").at(-1)}](../${file})`);
    const shown = files.length > 4 ? [...files.slice(0, 4), `${files.length - 4} more`] : files;
    return `| [${number}](https://www.rfc-editor.org/rfc/rfc${number}) | ${title} | ${status} | ${note} | ${shown.join(", ")} |`;
  });
  return `# RFCs

This page is generated by \`node scripts/generate-docs.ts\`, from the list in \`scripts/rfc-list.ts\` and the \`RFC n\` comments
in \`src/\`.

| RFC | what | done | but | cited in |
|---|---|---|---|---|
${rows.join("\n")}
`;
}
