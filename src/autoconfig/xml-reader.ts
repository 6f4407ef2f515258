// XML of strangers, within limits: elements, attributes and text, as one tree. Nothing is fetched, and no entity is known but
// the five of XML and characters by their number.
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { shortLine } from "../mail/printable.ts";

/** The files of providers have less than 10,000 characters, and are four elements deep. */
export const xmlLimits = { chars: 64 * 1024, depth: 16 } as const;

export interface XmlElement {
  /** Without namespace. */
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Its own, of all pieces, without the spaces around it. */
  readonly text: string;
}

type XmlRead =
  | { readonly kind: "element"; readonly element: XmlElement }
  /** `why`: in sentences. */
  | { readonly kind: "unreadable"; readonly why: string };

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  cdataPropName: "#cdata",
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: xmlLimits.depth,
  jPath: false,
});

/** The root of a document. */
export function readXml(text: string): XmlRead {
  const why = whyNot(text);
  if (why !== undefined) return { kind: "unreadable", why };
  try {
    const elements = (parser.parse(text) as ParsedNode[]).flatMap((node) => elementOf(node) ?? []);
    const [element] = elements;
    if (element !== undefined && elements.length === 1) return { kind: "element", element };
    return unreadable("it has not exactly one outermost element");
  } catch (error) {
    return unreadable(error instanceof Error ? error.message : String(error));
  }
}

const unreadable = (problem: string): XmlRead => ({
  kind: "unreadable",
  why: `It is not well-formed XML: ${shortLine(problem, 200, "…").replace(/\.$/, "")}.`,
});

function whyNot(text: string): string | undefined {
  if (text.length > xmlLimits.chars) return `It is longer than ${xmlLimits.chars.toLocaleString("en")} characters.`;
  if (text.trim() === "") return "It is empty.";
  if (/<(?:!doctype\s+)?html[\s>]/i.test(text.slice(0, 1_000))) return "It is a web page, not XML with settings.";
  // entities could be declared there
  if (/<!DOCTYPE/i.test(text)) return "It has a DOCTYPE, which has no place in settings.";
  const valid = XMLValidator.validate(text);
  if (valid === true) return undefined;
  const { line, msg } = valid.err;
  const read = unreadable(`line ${line}: ${msg}`);
  return read.kind === "unreadable" ? read.why : undefined;
}

/** Of `preserveOrder`: one key is the name, `:@` has the attributes. */
type ParsedNode = Readonly<Record<string, unknown>>;

function elementOf(node: ParsedNode): XmlElement | undefined {
  const name = nameOf(node);
  if (name === undefined || name.startsWith("#")) return undefined;
  const nodes = node[name] as ParsedNode[];
  const attributes = Object.entries((node[":@"] ?? {}) as Readonly<Record<string, string>>);
  return {
    name,
    attributes: new Map(attributes.map(([key, value]) => [key, decode(value).trim()])),
    children: nodes.flatMap((child) => elementOf(child) ?? []),
    text: nodes.map(textOf).join("").trim(),
  };
}

const nameOf = (node: ParsedNode): string | undefined => Object.keys(node).find((key) => key !== ":@");

function textOf(node: ParsedNode): string {
  const text = node["#text"];
  if (typeof text === "string") return decode(text);
  const cdata = node["#cdata"];
  return Array.isArray(cdata) ? cdata.map((part: ParsedNode) => part["#text"]).join("") : "";
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** XML 1.0 §4.1, §4.6. An unknown entity stays as it is written. */
const decode = (text: string): string =>
  text.replaceAll(/&(#\d{1,7}|#x[\da-f]{1,6}|amp|lt|gt|quot|apos);/gi, (_all, reference: string) =>
    reference.startsWith("#") ? character(reference.slice(1)) : entities[reference.toLowerCase()]!,
  );

/** "233" or "xe9" */
function character(number: string): string {
  const code = Number(number.replace(/^x/i, "0x"));
  const exists = code > 0 && code <= 0x10_ff_ff && (code < 0xd8_00 || code > 0xdf_ff);
  return exists ? String.fromCodePoint(code) : "\ufffd";
}

/** Names in any case: real answers differ in it. */
const hasName =
  (name: string) =>
  (element: XmlElement): boolean =>
    element.name.toLowerCase() === name.toLowerCase();

export const isNamed = (element: XmlElement, name: string): boolean => hasName(name)(element);

/** The children of this name. */
export const childrenOf = (element: XmlElement, name: string): readonly XmlElement[] =>
  element.children.filter(hasName(name));

/** Text of the first child of this name; undefined: there is none, or it is empty. */
export const textIn = (element: XmlElement, name: string): string | undefined =>
  element.children.find(hasName(name))?.text || undefined;
