// How the lab shows a delivered message: who wrote to whom, and the text that a person reads first.
import PostalMime from "postal-mime";
import { inPlace } from "../mail/printable.ts";
import type { Delivered } from "./internet.ts";

/** Longer texts are cut: the whole is in the file. */
const longestLines = 40;

export async function letterLines({ from, to, domain, content }: Delivered): Promise<string[]> {
  const mail = await PostalMime.parse(content);
  const text = (mail.text ?? "").trim().split(/\r?\n/);
  const lines = [
    `Subject: ${mail.subject ?? ""}`,
    "",
    ...text.slice(0, longestLines),
    ...(text.length > longestLines ? ["…"] : []),
  ];
  return [
    `${domain} got mail from <${from}> for ${to.map((path) => `<${path}>`).join(", ")}`,
    ...lines.map((line) => `    │ ${inPlace(line)}`),
  ];
}
