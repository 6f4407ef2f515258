// Reports as other systems write them: a bounce (RFC 3464) and a complaint (RFC 5965), for messages of a test.

interface Reported {
  readonly to: string;
  /** The header of the message that came back. */
  readonly original: string;
  readonly reportedBy?: string;
}

const multipart = (subject: string, type: string, parts: readonly (readonly [string, string])[]): string =>
  [
    "From: Mail Delivery Subsystem <MAILER-DAEMON@far.example>",
    `Subject: ${subject}`,
    "Date: Thu, 1 Jan 2026 00:10:00 +0000",
    "MIME-Version: 1.0",
    `Content-Type: multipart/report; report-type=${type}; boundary="=_b"`,
    "",
    ...parts.flatMap(([kind, text]) => ["--=_b", `Content-Type: ${kind}`, "", text]),
    "--=_b--",
    "",
  ].join("\r\n");

/** `diagnosis`: "550 5.1.1 no such user". */
export const bounceOf = (
  { to, original, reportedBy = "mx.far.example" }: Reported,
  { action = "failed", diagnosis = "550 5.1.1 <x>: no such user here", status = "5.1.1" } = {},
): string =>
  multipart(
    action === "failed" ? "Undelivered Mail Returned to Sender" : "Delayed Mail (still being retried)",
    "delivery-status",
    [
      [
        "text/plain",
        `Your message to ${to} ${action === "failed" ? "could not be delivered" : "is delayed"}:\r\n${diagnosis}`,
      ],
      [
        "message/delivery-status",
        [
          `Reporting-MTA: dns; ${reportedBy}`,
          "",
          `Final-Recipient: rfc822; ${to}`,
          `Action: ${action}`,
          `Status: ${status}`,
          `Diagnostic-Code: smtp; ${diagnosis}`,
          "",
        ].join("\r\n"),
      ],
      ["text/rfc822-headers", original],
    ],
  );

export const complaintOf = ({ to, original, reportedBy = "far.example" }: Reported, feedbackType = "abuse"): string =>
  multipart("complaint about message", "feedback-report", [
    ["text/plain", "This is an abuse report for a message that we received."],
    [
      "message/feedback-report",
      [
        `Feedback-Type: ${feedbackType}`,
        "User-Agent: Loop/1.0",
        "Version: 1",
        `Original-Rcpt-To: ${to}`,
        `Reporting-MTA: dns; ${reportedBy}`,
        "",
      ].join("\r\n"),
    ],
    ["message/rfc822", `${original}\r\n\r\nIt works.\r\n`],
  ]);

/** The header section of what a host got. */
export const headerOf = (content: Uint8Array): string =>
  Buffer.from(content).toString("latin1").split("\r\n\r\n", 1)[0]!;
