// The certificates of the web server: the one of [tls], those of [[web_certificate]], chosen by the name that a client asks
// for (SNI, RFC 6066 §3), and read again when their files change.
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContext } from "node:tls";
import { lookAgain } from "../base/look-again.ts";
import type { World } from "../base/world.ts";
import type { Config } from "../config/schema.ts";
import type { Log } from "../journal/log.ts";
import { loadCertificate } from "../receive/certificate.ts";
import { selfSigned } from "../receive/self-signed.ts";

export interface Certificates {
  /** For clients that name nobody, as PEM. */
  usual(): { readonly cert: Buffer | string; readonly key: Buffer | string };
  /** Undefined: the usual one. */
  contextFor(name: string): SecureContext | undefined;
  /** Those that no certificate of an authority is for. */
  without(names: readonly string[]): string[];
  /** Reads the files again. True: some changed. Rejects with a sentence; then all stays as it was. */
  look(): Promise<boolean>;
}

interface Loaded {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly leaf: X509Certificate;
  readonly context: SecureContext;
}

type CertificateConfig = Pick<Config, "tls" | "web_certificate" | "data_dir">;

/** Rejects with a sentence when one cannot be used. */
export async function openCertificates(
  config: CertificateConfig,
  { hostname, world }: { readonly hostname: string; readonly world: Pick<World, "now"> },
): Promise<Certificates> {
  const { certificate, key } = config.tls;
  const pairs = [
    ...(certificate === undefined || key === undefined ? [] : [{ certificate, key }]),
    ...config.web_certificate,
  ];
  const load = (): Promise<Loaded[]> =>
    Promise.all(pairs.map((pair) => loadPair(pair, { hostname, dataDir: config.data_dir, now: world.now() })));
  let loaded = await load();
  const own = loaded.length === 0 ? await selfSigned(hostname, world.now()) : "";
  const find = (name: string): Loaded | undefined => loaded.find(({ leaf }) => leaf.checkHost(name) !== undefined);
  return {
    usual: () => loaded[0] ?? { cert: own, key: own },
    contextFor: (name) => find(name)?.context,
    without: (names) => names.filter((name) => find(name) === undefined),
    async look() {
      const now = await load();
      const isChanged = now.some(({ cert, key }, i) => !cert.equals(loaded[i]!.cert) || !key.equals(loaded[i]!.key));
      loaded = now;
      return isChanged;
    },
  };
}

interface LoadParts {
  readonly hostname: string;
  readonly dataDir: string;
  readonly now: number;
}

async function loadPair(pair: Config["web_certificate"][number], { now, ...parts }: LoadParts): Promise<Loaded> {
  await loadCertificate({ ...pair, ...parts }, now); // says in words what is wrong with one
  const [cert, key] = await Promise.all([readFile(pair.certificate), readFile(pair.key)]);
  // of these very bytes: the files may be in the middle of being replaced; throws if they do not belong together
  return { cert, key, leaf: new X509Certificate(cert), context: createSecureContext({ cert, key }) };
}

interface KeepParts {
  readonly world: Pick<World, "sleep">;
  readonly everyMs: number;
  readonly logger: Pick<Log["logger"], "info" | "error">;
  /** There are new ones. */
  readonly onNews: () => void;
}

/** Looks for new ones now and then, until it is disposed of. */
export function keepLooking(
  certificates: Certificates,
  { world, everyMs, logger, onNews }: KeepParts,
): AsyncDisposable {
  return lookAgain({ world, everyMs }, async () => {
    try {
      if (!(await certificates.look())) return;
      onNews();
      logger.info("the web server has new certificates");
    } catch (error) {
      logger.error(`the web server keeps its old certificates: ${(error as Error).message}`);
    }
  });
}
