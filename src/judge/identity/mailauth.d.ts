// The parts of the library mailauth that Waybill uses, by the modules that hold them: together they would load its whole
// command line. Only what is read here is declared.
declare module "mailauth/lib/spf/spf-verify.js" {
  type Ask = (name: string, type: string) => Promise<unknown[]>;

  export interface SpfMatch {
    /** Absent of an error. */
    readonly qualifier?: "+" | "-" | "~" | "?";
    /** The mechanism that matched. */
    readonly type?: string;
    readonly val?: string;
    readonly include?: SpfMatch;
    readonly error?: "none" | "permerror" | "temperror";
    readonly text?: string;
    readonly explanation?: string;
  }

  /** check_host() without the checks of its arguments and without limits; throws errors that have `spfResult`. */
  export function spfVerify(
    domain: string,
    options: {
      readonly sender: string;
      readonly ip: string;
      readonly helo: string;
      /** For %{r}. */
      readonly mta: string;
      readonly strict: true;
      readonly resolver: Ask;
      /** For the explanation, whose questions do not count. */
      readonly expResolver: Ask;
      readonly createSubResolver: () => Ask;
    },
  ): Promise<SpfMatch | false>;
}

declare module "mailauth/lib/dkim/dkim-verifier.js" {
  import type { KeyObject } from "node:crypto";
  import type { Writable } from "node:stream";

  type Ask = (name: string, type: string) => Promise<unknown[]>;

  export interface SignatureHeader {
    readonly type: "DKIM" | "ARC";
    readonly signingDomain: string;
    readonly selector: string;
    readonly algorithm: string;
    readonly hashAlgo: string;
    /** l=; a text: there is none. */
    readonly maxBodyLength?: number | string;
    /** Why it is not looked at any further. */
    readonly skip?: string;
    readonly invalid?: string;
    readonly bodyHashKey?: string;
    readonly parsed?: { readonly b?: { readonly value?: string } };
  }

  export interface SignatureResult {
    readonly status: {
      readonly result: "none" | "pass" | "fail" | "policy" | "neutral" | "temperror";
      readonly comment?: string;
      readonly policy?: { readonly "dkim-rules"?: string };
      /** Octets of the body that l= leaves unsigned. */
      readonly underSized?: number;
      /** t=y of the key */
      readonly testing?: boolean;
    };
    readonly expiresAfter?: string | null;
    /** Names of the fields that were there and are signed, joined by ": ". */
    readonly signingHeaders?: { readonly keys: string };
  }

  export type KeyQuestion = readonly [
    type: string,
    name: string,
    minBitLength: number,
    options: { readonly strict?: boolean; readonly hashAlgo?: string },
  ];

  export interface KeyRecord {
    /** Text, but a key that was read does, too, and faster. */
    readonly publicKey: string | KeyObject;
  }

  export interface ArcData {
    readonly chain: readonly ArcSet[] | false;
    readonly error?: Error;
    readonly lastEntry?: ArcSet & { readonly messageSignature?: SignatureResult };
  }

  export interface ArcSet {
    readonly "arc-seal": { readonly parsed?: { readonly d?: { readonly value?: unknown } } };
    readonly "arc-authentication-results": { readonly parsed?: Readonly<Record<string, unknown>> };
  }

  export class DkimVerifier extends Writable {
    constructor(options: {
      readonly resolver: Ask;
      readonly strict: true;
      readonly minBitLength: number;
      readonly curTime: Date;
      /** Anything but nothing: else a Return-Path field is read. */
      readonly sender: string;
    });
    /** Addresses of all From fields. */
    readonly headerFrom: readonly string[];
    readonly fromFields: number;
    readonly arc: ArcData;
    readonly results: readonly SignatureResult[];
    signatureHeaders: SignatureHeader[];
    readonly bodyHashes: Map<string, unknown>;
    readonly keyCache: {
      get: (...question: KeyQuestion) => Promise<KeyRecord>;
    };
    /** Called once, with the header section read. */
    messageHeaders(headers: unknown): Promise<void>;
  }
}

declare module "mailauth/lib/arc/index.js" {
  import type { ArcData } from "mailauth/lib/dkim/dkim-verifier.js";

  type Ask = (name: string, type: string) => Promise<unknown[]>;

  export function arc(
    data: ArcData,
    options: { readonly resolver: Ask; readonly minBitLength: number; readonly strict: true },
  ): Promise<{ readonly status: { readonly result: "none" | "pass" | "fail"; readonly comment?: string } }>;
}

declare module "mailauth/lib/dmarc/index.js" {
  type Ask = (name: string, type: string) => Promise<unknown[]>;

  export interface DmarcResponse {
    readonly status: {
      readonly result: "none" | "pass" | "fail" | "temperror";
      readonly header: { readonly from: string };
    };
    /** The organizational domain. */
    readonly domain?: string;
    readonly policyDomain?: string;
    readonly policy?: "none" | "quarantine" | "reject";
    readonly testMode?: boolean;
    readonly error?: string;
    readonly alignment?: { readonly spf: { readonly result?: string }; readonly dkim: { readonly result?: string } };
  }

  export function evaluateDmarc(options: {
    readonly headerFrom: readonly string[];
    readonly fromFields: number;
    readonly spfDomains: readonly string[];
    readonly dkimDomains: readonly { readonly domain: string }[];
    readonly resolver: Ask;
    readonly strict: true;
  }): Promise<
    | { readonly response: DmarcResponse }
    | {
        readonly response: false;
        readonly reason:
          | "no-author-domain"
          | "multiple-author-domains"
          | "invalid-author-domain"
          | "multiple-from-fields";
        readonly authorDomains: readonly string[];
      }
  >;
}
