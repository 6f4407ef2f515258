// The part of the library dns-packet that Waybill uses; it brings no types of its own.
declare module "dns-packet" {
  export interface Question {
    readonly type: string;
    readonly name: string;
  }

  export type ResourceRecord =
    | {
        readonly type: "A" | "AAAA" | "CNAME" | "PTR" | "NS";
        readonly name: string;
        readonly ttl?: number;
        readonly data: string;
      }
    | { readonly type: "TXT"; readonly name: string; readonly ttl?: number; readonly data: readonly Buffer[] }
    | {
        readonly type: "MX";
        readonly name: string;
        readonly ttl?: number;
        readonly data: { readonly preference: number; readonly exchange: string };
      }
    | {
        readonly type: "SRV";
        readonly name: string;
        readonly ttl?: number;
        readonly data: {
          readonly priority: number;
          readonly weight: number;
          readonly port: number;
          readonly target: string;
        };
      }
    | {
        readonly type: "TLSA";
        readonly name: string;
        readonly ttl?: number;
        readonly data: {
          readonly usage: number;
          readonly selector: number;
          readonly matchingType: number;
          readonly certificate: Buffer;
        };
      }
    | { readonly type: "SOA"; readonly name: string; readonly ttl?: number; readonly data: { readonly serial: number } }
    /** EDNS, RFC 6891 §6.1.2. */
    | { readonly type: "OPT"; readonly name: "."; readonly udpPayloadSize: number };

  export interface Packet {
    readonly type: "query" | "response";
    readonly id: number;
    /** Flags and, in the low four bits, the response code. */
    readonly flags: number;
    readonly questions: readonly Question[];
    readonly answers?: readonly ResourceRecord[];
    readonly additionals?: readonly ResourceRecord[];
  }

  export interface DecodedPacket extends Required<Packet> {
    readonly rcode: string;
    readonly flag_tc: boolean;
    /** Authoritative answer, RFC 1035 §4.1.1. */
    readonly flag_aa: boolean;
    /** Authentic data, RFC 4035 §3.2.3. */
    readonly flag_ad: boolean;
  }

  export function encode(packet: Packet): Buffer;
  export function decode(bytes: Buffer): DecodedPacket;
  export const AUTHORITATIVE_ANSWER: number;
  export const TRUNCATED_RESPONSE: number;
  export const AUTHENTIC_DATA: number;
  export const CHECKING_DISABLED: number;
  export const RECURSION_DESIRED: number;
  export const RECURSION_AVAILABLE: number;
}
