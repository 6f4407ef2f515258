// The body of one message on its way into the store. A fault of the disk is remembered, not thrown: the client still has
// to send the rest, and learns of it from the reply to the final dot.
import type { Body, BodyWriter } from "./store.ts";

export type Taken =
  | { readonly kind: "body"; readonly body: Body }
  | { readonly kind: "fault"; readonly error: unknown };

export class Intake {
  readonly #writer: BodyWriter;
  #fault: { readonly error: unknown } | undefined;

  constructor(writer: BodyWriter) {
    this.#writer = writer;
  }

  /** A promise means: the disk is behind, wait. Never rejects and never throws. */
  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#fault) return undefined;
    try {
      return this.#writer.write(bytes)?.catch((error: unknown) => this.#remember(error));
    } catch (error) {
      this.#remember(error);
      return undefined;
    }
  }

  /** `top` stands in front of all that was written. Never rejects. */
  async finish(top?: Uint8Array): Promise<Taken> {
    try {
      if (!this.#fault) return { kind: "body", body: await this.#writer.finish(top) };
    } catch (error) {
      this.#remember(error);
    }
    await this.#writer.discard();
    return { kind: "fault", error: this.#fault?.error };
  }

  discard(): Promise<void> {
    return this.#writer.discard();
  }

  #remember(error: unknown): void {
    this.#fault ??= { error };
  }
}
