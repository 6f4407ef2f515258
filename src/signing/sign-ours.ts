// Messages of the server's own, signed as a whole: what comes from MAILER-DAEMON must pass DMARC as any other mail.
import type { Signer } from "./signer.ts";

const emptyLine = "\r\n\r\n";

/** With its signatures on top; as it is, where no keys of ours fit its From field. */
export async function signOurs(signer: Signer | undefined, message: Uint8Array): Promise<Uint8Array> {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.length);
  const end = bytes.indexOf(emptyLine) + emptyLine.length;
  const signing = signer?.begin(bytes.subarray(0, end), "ours");
  if (signing === undefined) return message;
  await signing.write(bytes.subarray(end));
  return Buffer.concat([Buffer.from(await signing.finish()), bytes]);
}
