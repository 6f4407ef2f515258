// The part of the library punycode.js that Waybill uses; it brings no types of its own.
declare module "punycode.js/punycode.es6.js" {
  /** Throws a RangeError where a label is none. */
  export function toUnicode(domain: string): string;
  export function toASCII(domain: string): string;
}
