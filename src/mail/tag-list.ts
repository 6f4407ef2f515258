// Lists of tag=value, as DKIM, ARC and DMARC write them. RFC 6376 §3.2.

interface TagList {
  /** In order; white space around the values is gone. Of a tag that stands twice, the first. */
  readonly tags: ReadonlyMap<string, string>;
  /** Words: what is wrong in the list. */
  readonly faults: readonly string[];
}

export function readTagList(text: string): TagList {
  const tags = new Map<string, string>();
  const faults: string[] = [];
  for (const part of text.split(";").map((part) => part.trim())) {
    if (part === "") continue;
    const [, name, value = ""] = /^([a-z]\w*)\s*=\s*(.*)$/is.exec(part) ?? [];
    if (name === undefined) faults.push(`"${part}" is not of the form tag=value`);
    else if (tags.has(name)) faults.push(`the tag ${name}= stands twice`);
    else tags.set(name, value);
  }
  return { tags, faults };
}

/** A value without its white space, which means nothing in it (b=, bh=, p=). */
export const packed = (value = ""): string => value.replaceAll(/\s/g, "");

/** The names of a list with colons (h=, t=, s=), in lower case. */
export const listed = (value = ""): string[] =>
  packed(value)
    .toLowerCase()
    .split(":")
    .filter((one) => one !== "");
