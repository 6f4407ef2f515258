// XML that we write: elements as plain data, indented for people who read it.

/** `element("port", 993)`, `element("incomingServer", { type: "imap" }, [ … ])` */
export interface XmlNode {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly content: string | readonly XmlNode[];
}

export const element = (
  name: string,
  content: string | number | readonly XmlNode[],
  attributes: Readonly<Record<string, string>> = {},
): XmlNode => ({ name, attributes, content: typeof content === "number" ? String(content) : content });

/** A document. `doctype`: its line, for formats that have one. */
export const formatXml = (root: XmlNode, doctype?: string): string =>
  `${['<?xml version="1.0" encoding="UTF-8"?>', ...(doctype === undefined ? [] : [doctype]), ...lines(root)].join("\n")}\n`;

function lines({ name, attributes, content }: XmlNode): string[] {
  const head = [name, ...Object.entries(attributes).map(([key, value]) => `${key}="${escape(value)}"`)].join(" ");
  if (content.length === 0) return [`<${head}/>`];
  if (typeof content === "string") return [`<${head}>${escape(content)}</${name}>`];
  return [`<${head}>`, ...content.flatMap(lines).map((line) => `  ${line}`), `</${name}>`];
}

const references: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** XML 1.0 §2.2: most controls cannot stand in XML at all. */
const escape = (text: string): string =>
  text
    .toWellFormed()
    // eslint-disable-next-line no-control-regex -- just these
    .replaceAll(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd")
    .replaceAll(/[&<>"]/g, (char) => references[char]!);
