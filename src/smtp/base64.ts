// Base64 as AUTH sends it: padded, and with nothing else in the line. RFC 4954 §4, RFC 4648 §4.
import { reply } from "../mail/reply.ts";

const base64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/;

/** Undefined: it is none. */
export const decodeBase64 = (text: string): Buffer | undefined =>
  base64.test(text) ? Buffer.from(text, "base64") : undefined;

export const notBase64 = reply(501, "5.5.2", "this is not base64; AUTH is cancelled");
