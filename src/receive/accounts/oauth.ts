// Whose an OAuth access token is: its signature is checked with the provider's keys (RFC 7519, RFC 9068), or the provider
// is asked (RFC 7662).
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from "jose";
import { text as textOf } from "node:stream/consumers";
import type { World } from "../../base/world.ts";

export interface TokenSettings {
  readonly jwks?: { readonly url: string; readonly issuer: string; readonly audience: string };
  readonly introspection?: {
    readonly url: string;
    readonly clientId: string;
    readonly clientSecret: string;
    readonly audience?: string;
  };
  readonly accountClaim: string;
  readonly timeoutMs: number;
}

type TokenResult =
  /** `name`: what the account's claim says. */
  | { readonly kind: "accepted"; readonly name: string }
  | { readonly kind: "refused" }
  | { readonly kind: "unavailable"; readonly because: string };

const tokenLimits = {
  tokenBytes: 16 * 1_024,
  answerBytes: 64 * 1_024,
  skewSeconds: 60, // between the provider's clock and ours
  keysForMs: 10 * 60_000,
  askAgainMs: 30_000, // for the keys, when a token names one that is not there
} as const;

const refused = { kind: "refused" } as const;

/** What a bearer token is made of. RFC 6750 §2.1 */
const bearer = /^[\w.~+/-]+=*$/;

/** Never rejects. */
type CheckToken = (token: string) => Promise<TokenResult>;

export function createTokenCheck(settings: TokenSettings, world: World): CheckToken {
  const { jwks, introspection } = settings;
  const bySignature = jwks && signatureCheck(jwks, settings, world);
  const byProvider = introspection && introspectionCheck(introspection, settings, world);
  return async (token) => {
    if (token.length > tokenLimits.tokenBytes || !bearer.test(token)) return refused;
    const isSigned = token.split(".").length === 3;
    const check = isSigned ? (bySignature ?? byProvider) : byProvider;
    return check === undefined ? refused : check(token);
  };
}

function signatureCheck(jwks: NonNullable<TokenSettings["jwks"]>, settings: TokenSettings, world: World): CheckToken {
  const { url, issuer, audience } = jwks;
  const keys = createRemoteJWKSet(new URL(url), {
    timeoutDuration: settings.timeoutMs,
    cacheMaxAge: tokenLimits.keysForMs,
    cooldownDuration: tokenLimits.askAgainMs,
  });
  const mustBe = {
    issuer,
    audience,
    clockTolerance: tokenLimits.skewSeconds,
    requiredClaims: ["exp"],
    algorithms: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
  };
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, { ...mustBe, currentDate: new Date(world.now()) });
      return named(payload, settings);
    } catch (error) {
      if (isOfTheToken(error)) return refused;
      return { kind: "unavailable", because: `the keys of tokens cannot be had from ${url}: ${reason(error)}` };
    }
  };
}

/** All others are about the keys, and say nothing of the token. */
const isOfTheToken = (error: unknown): boolean =>
  [
    errors.JWTExpired,
    errors.JWTInvalid,
    errors.JWTClaimValidationFailed,
    errors.JWSInvalid,
    errors.JWSSignatureVerificationFailed,
    errors.JOSEAlgNotAllowed,
    errors.JOSENotSupported,
    errors.JWKSNoMatchingKey,
    errors.JWKSMultipleMatchingKeys,
  ].some((kind) => error instanceof kind);

/** RFC 7662 §2.2 */
interface Introspected extends JWTPayload {
  readonly active?: unknown;
}

function introspectionCheck(
  introspection: NonNullable<TokenSettings["introspection"]>,
  settings: TokenSettings,
  world: World,
): CheckToken {
  const { url, clientId, clientSecret, audience } = introspection;
  // RFC 6749 §2.3.1
  const login = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString("base64");
  const unavailable = (why: string): TokenResult => ({
    kind: "unavailable",
    because: `tokens cannot be checked at ${url}: ${why}`,
  });
  return async (token) => {
    const late = new AbortController();
    const answered = new AbortController();
    void world
      .sleep(settings.timeoutMs, answered.signal)
      .then(() => late.abort(new Error("it did not answer in time")));
    try {
      const response = await fetch(url, {
        method: "POST",
        redirect: "manual", // who sends a token elsewhere is not the provider that was configured
        headers: { authorization: `Basic ${login}`, accept: "application/json" },
        body: new URLSearchParams({ token, token_type_hint: "access_token" }),
        signal: late.signal,
      });
      if (response.status !== 200) {
        await response.body?.cancel();
        return unavailable(statusWords(response));
      }
      const answer = parseAnswer(await bodyOf(response));
      if (answer === undefined) return unavailable("its answer is no JSON object; is this the introspection endpoint?");
      return isGood(answer, audience, world) ? named(answer, settings) : refused;
    } catch (error) {
      return unavailable(reason(error));
    } finally {
      answered.abort();
    }
  };
}

function statusWords({ status, headers }: Response): string {
  if (status === 401 || status === 403)
    return `it refuses us (${status}); check client_id and client_secret_file, and that this client may introspect`;
  if (status >= 300 && status < 400)
    return `it sends us on to ${headers.get("location") ?? "elsewhere"} (${status}), which is not followed; write the right URL as introspection_url`;
  if (status === 404) return "there is nothing there (404); check introspection_url";
  return `it answers ${status}; look at the provider`;
}

async function bodyOf({ body }: Response): Promise<string> {
  let bytes = 0;
  return textOf(
    (async function* () {
      for await (const chunk of body ?? []) {
        bytes += chunk.byteLength;
        if (bytes > tokenLimits.answerBytes) throw new Error("its answer is too long");
        yield chunk;
      }
    })(),
  );
}

function parseAnswer(text: string): Introspected | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    const isObject = typeof answer === "object" && answer !== null && !Array.isArray(answer);
    return isObject ? (answer as Introspected) : undefined;
  } catch {
    return undefined;
  }
}

/** The provider says that it is valid; the times and the audience are looked at all the same. RFC 7662 §4 */
function isGood({ active, exp, nbf, aud }: Introspected, audience: string | undefined, world: World): boolean {
  const seconds = world.now() / 1_000;
  const { skewSeconds } = tokenLimits;
  if (active !== true) return false;
  if (typeof exp === "number" && exp < seconds - skewSeconds) return false;
  if (typeof nbf === "number" && nbf > seconds + skewSeconds) return false;
  return audience === undefined || [aud].flat().includes(audience);
}

function named(claims: JWTPayload, { accountClaim }: TokenSettings): TokenResult {
  const name = claims[accountClaim];
  // anyone may write anyone's address into a profile until it is verified. OpenID Connect Core §5.1
  if (accountClaim === "email" && claims["email_verified"] === false) return refused;
  if (typeof name === "string" && name !== "") return { kind: "accepted", name };
  const because = `a token is valid, but has no claim "${accountClaim}": let the provider add it, or set account_claim`;
  return { kind: "unavailable", because };
}

/** fetch hides what happened in the cause. */
function reason(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : message;
}
