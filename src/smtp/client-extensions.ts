// What a server offers in its reply to EHLO. RFC 5321 §4.1.1.1, RFC 1870, RFC 2920, RFC 3030, RFC 3207, RFC 3461,
// RFC 4954, RFC 6152, RFC 6531, RFC 9422.

export interface Extensions {
  readonly startTls: boolean;
  readonly pipelining: boolean;
  readonly eightBitMime: boolean;
  readonly chunking: boolean;
  readonly binaryMime: boolean;
  readonly smtpUtf8: boolean;
  readonly dsn: boolean;
  readonly size: boolean;
  /** Largest message it takes, in bytes; absent: it does not say. */
  readonly maxMessageBytes?: number;
  /** SASL mechanisms, upper case; empty: no AUTH. */
  readonly auth: readonly string[];
  /** RFC 9422 §4.2: recipients per transaction. */
  readonly maxRecipients?: number;
  /** RFC 9422 §4.1: transactions per session. */
  readonly maxTransactions?: number;
}

/** `lines` of the reply to EHLO, the first of which is the server's name; [] for a server that knows HELO only. */
export function parseExtensions(lines: readonly string[]): Extensions {
  const words = new Map<string, readonly string[]>();
  for (const line of lines.slice(1)) {
    // "AUTH=PLAIN LOGIN" is how servers wrote it before RFC 4954
    const [keyword = "", ...parameters] = line
      .trim()
      .toUpperCase()
      .replace(/^AUTH=/, "AUTH ")
      .split(/\s+/);
    words.set(keyword, [...(words.get(keyword) ?? []), ...parameters]);
  }
  const limits = new Map(
    (words.get("LIMITS") ?? []).map((limit): [string, string] => {
      const [name = "", value = ""] = limit.split("=");
      return [name, value];
    }),
  );
  return {
    startTls: words.has("STARTTLS"),
    pipelining: words.has("PIPELINING"),
    eightBitMime: words.has("8BITMIME"),
    chunking: words.has("CHUNKING"),
    binaryMime: words.has("BINARYMIME"),
    smtpUtf8: words.has("SMTPUTF8"),
    dsn: words.has("DSN"),
    size: words.has("SIZE"),
    auth: words.get("AUTH") ?? [],
    ...positive("maxMessageBytes", words.get("SIZE")?.[0]), // RFC 1870 §4: 0 means no fixed limit
    ...positive("maxRecipients", limits.get("RCPTMAX")),
    ...positive("maxTransactions", limits.get("MAILMAX")),
  };
}

const positive = <Name extends string>(name: Name, text = ""): { [name in Name]?: number } =>
  /^[1-9]\d{0,14}$/.test(text) ? ({ [name]: Number(text) } as { [name in Name]: number }) : {};
