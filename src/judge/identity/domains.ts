// How two domains stand to each other.

/** `domain` is `parent`, or below it. Both in lower case and A-labels. */
export const isWithin = (domain: string, parent: string): boolean => domain === parent || domain.endsWith(`.${parent}`);

/** One is the other, or below it. */
export const isRelated = (a: string, b: string): boolean => isWithin(a, b) || isWithin(b, a);
