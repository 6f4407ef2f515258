// The shape of the protocol's table: for each verb, what is checked at once and what a decision changes.
import type { Client } from "../mail/client.ts";
import type { Origin, Recipient } from "../mail/envelope.ts";
import type { Reply } from "../mail/reply.ts";
import type { CommandOf, Verb } from "./command.ts";
import type { ContentReader } from "./content-reader.ts";
import type { Question } from "./effect.ts";

export interface SessionSettings {
  /** Our name, for the greeting and EHLO. */
  readonly hostname: string;
  /** Announced by SIZE. RFC 1870 */
  readonly maxMessageBytes: number;
  /** Recipients in one transaction. RFC 5321 §4.5.3.1.8 */
  readonly maxRecipients: number;
  /** So many 5xx replies end the session; a message that is accepted begins the count anew. */
  readonly maxErrors: number;
  readonly offersStartTls: boolean;
  /** SASL mechanisms for a client as it is now, none before TLS; absent: nobody can log in here. RFC 4954 §3 */
  readonly mechanisms?: ((client: Client) => readonly string[]) | undefined;
  /** Only who has logged in may send. RFC 6409 §4.3 */
  readonly submission?: true;
  /** This client is a proxy that may use XCLIENT. */
  readonly mayXclient: boolean;
}

/** One message on its way in: born at MAIL, dropped as a whole. RFC 5321 §3.3. */
export interface Transaction {
  readonly origin: Origin;
  /** Grows in place: a list of thousands is not copied at each RCPT. */
  readonly recipients: Recipient[];
  /** RCPT commands that were answered with no. */
  readonly refusedRecipients: number;
  /** Content has begun to come. */
  readonly content?: ContentReader;
}

/** What a session knows between two commands. */
export interface State {
  readonly client: Client;
  readonly transaction?: Transaction;
}

export interface Known extends State {
  readonly settings: SessionSettings;
}

/** What follows from a command. */
export type Next =
  | { readonly kind: "answer"; readonly reply: Reply; readonly become?: State }
  /** Then `proceed` with the decision. */
  | { readonly kind: "ask"; readonly question: Question }
  | { readonly kind: "read-data"; readonly transaction: Transaction }
  /** Octets of content follow the command in any case; with a refusal, they are thrown away. */
  | {
      readonly kind: "read-chunk";
      readonly sizeBytes: number;
      readonly last: boolean;
      readonly to: Transaction | Reply;
    }
  /** AUTH has begun: the next line may be a response. */
  | { readonly kind: "login"; readonly mechanism: string; readonly response: Uint8Array | undefined }
  | { readonly kind: "start-tls" }
  /** As if this client had just connected. */
  | { readonly kind: "restart"; readonly client: Client }
  | { readonly kind: "close"; readonly reply: Reply };

export interface Rule<V extends Verb> {
  readonly check: (command: CommandOf<V>, known: Known) => Next;
  readonly proceed?: (command: CommandOf<V>, state: State, decision: Reply) => State;
}

export type Rules = { readonly [V in Verb]: Rule<V> };

/** RSET, EHLO and the end of a message forget the transaction and nothing else. RFC 5321 §4.1.1.5. */
export const forget = ({ client }: State): State => ({ client });
