// A relay changes nothing about a message but for its trace header on top. RFC 5321 §3.7, §4.4, §6.4.
import assert from "node:assert/strict";

const trace = /^Received: [^\r\n]*\r\n(?:\t[^\r\n]*\r\n)*$/;

/** `content`: what arrived. */
export function assertCarried(content: Buffer, original: Buffer, name = "the message"): void {
  const traceBytes = content.length - original.length;
  const carried = content.subarray(Math.max(traceBytes, 0));
  const at = original.findIndex((octet, i) => octet !== carried[i]);
  const around = (bytes: Buffer): string => JSON.stringify(bytes.toString("latin1", Math.max(at - 20, 0), at + 20));
  if (at !== -1)
    assert.fail(
      `${name}: octet ${at} of ${original.length} differs (${traceBytes} more arrived): ${around(carried)} instead of ${around(original)}`,
    );
  assert.match(content.toString("latin1", 0, traceBytes), trace, `${name}: more than a trace header on top`);
}
