// The server's certificate for as long as the server runs: its files are read again now and then, so that a renewed one counts
// without a restart, and one of our own is made anew before it ends.
import type { SecureContext } from "node:tls";
import { lookAgain } from "../base/look-again.ts";
import type { World } from "../base/world.ts";
import { type CertificateSettings, loadCertificate } from "./certificate.ts";

const lookEveryMs = 3_600_000;

interface Keeping {
  readonly world: Pick<World, "now" | "sleep">;
  readonly onNews: (text: string) => void;
  /** The old one is used on; the message says why. */
  readonly onTrouble: (text: string) => void;
}

export interface KeptCertificate extends AsyncDisposable {
  /** For the next session. */
  readonly secureContext: SecureContext;
}

/** Rejects as loadCertificate() does. */
export async function keepCertificate(
  settings: CertificateSettings,
  { world, onNews, onTrouble }: Keeping,
): Promise<KeptCertificate> {
  let current = await loadCertificate(settings, world.now());
  const looking = lookAgain({ world, everyMs: lookEveryMs }, async () => {
    try {
      const found = await loadCertificate(settings, world.now());
      if (found.fingerprint === current.fingerprint) return;
      current = found;
      onNews(`a new certificate, good until ${new Date(found.expiresAt).toISOString().slice(0, 10)}, is in use`);
    } catch (error) {
      onTrouble(`the old certificate stays in use: ${(error as Error).message}`);
    }
  });
  return {
    get secureContext() {
      return current.secureContext;
    },
    [Symbol.asyncDispose]: () => looking[Symbol.asyncDispose](),
  };
}
