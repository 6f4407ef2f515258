// Addresses that mail is not sent to, of the memory driver.
import type { Instant } from "../../base/world.ts";
import { keyText, struck } from "../../judge/suppression/strikes.ts";
import {
  type LiftedKey,
  type Strike,
  type Suppression,
  type SuppressionNews,
  suppressionSlice,
  type SuppressionStore,
} from "../../judge/suppression/suppression-store.ts";

export class MemorySuppressions implements SuppressionStore {
  readonly #records = new Map<string, { readonly suppression: Suppression; readonly number: number }>();
  #last = 0;

  async suppressionsOf(addresses: readonly string[]): Promise<Suppression[]> {
    const asked = new Set(addresses);
    return this.#all().filter(({ address }) => asked.has(address));
  }

  async suppressionsAfter(after: number, limit: number): Promise<SuppressionNews> {
    const news = [...this.#records.values()].filter(({ number }) => number > after);
    const page = news.sort((a, b) => a.number - b.number).slice(0, limit);
    return { suppressions: page.map(({ suppression }) => suppression), upTo: page.at(-1)?.number ?? after };
  }

  async strike(strikes: readonly Strike[]): Promise<void> {
    for (const strike of strikes) {
      const key = keyText(strike);
      const known = this.#records.get(key)?.suppression;
      const suppression = struck(known, strike);
      if (suppression !== known) this.#records.set(key, { suppression, number: ++this.#last });
    }
  }

  async liftSuppressions(keys: readonly LiftedKey[]): Promise<Suppression[]> {
    const isMeant = ({ address, sender, until }: Suppression): boolean =>
      keys.some((key) => key.address === address && (key.sender ?? sender) === sender && until <= (key.ended ?? until));
    const lifted = this.#all().filter(isMeant);
    for (const suppression of lifted) this.#records.delete(keyText(suppression));
    return lifted;
  }

  async pruneSuppressions(ended: Instant, most: number): Promise<number> {
    const soonest = this.#all().sort((a, b) => a.until - b.until);
    const beyond = soonest.length - most;
    const gone = soonest.filter(({ until }, i) => i < beyond || until < ended).slice(0, suppressionSlice);
    for (const suppression of gone) this.#records.delete(keyText(suppression));
    return gone.length;
  }

  #all(): Suppression[] {
    return Array.from(this.#records.values(), ({ suppression }) => suppression);
  }
}
