// How much a visitor of the web server may ask for, and how long it may take.

export const webLimits = {
  /** A request of a mail app has some hundred bytes; browsers bring headers of a few KB. */
  headerBytes: 16 * 1_024,
  /** Nobody has more to say than an Autodiscover request, or a form of the help pages. */
  bodyBytes: 64 * 1_024,
  handshakeMs: 10_000,
  /** For a header to arrive; a connection without a request ends then, too. */
  headerMs: 10_000,
  requestMs: 20_000,
  /** From the request on, until the client has taken the whole answer. */
  answerMs: 30_000,
  keepAliveMs: 5_000,
  requestsPerConnection: 100,
  /** How often the times above are looked at. */
  lookEveryMs: 2_000,
  /** Requests under way when the server is told to stop. */
  closeGraceMs: 2_000,
  /** How long a changed certificate may wait. */
  certificateLookMs: 60_000,
} as const;

export type WebLimits = { readonly [Name in keyof typeof webLimits]: number };
