// Who may log in, put together from the settings: the accounts file or Dovecot for passwords, an OAuth provider for tokens,
// and limits for those who guess.
import { readFile } from "node:fs/promises";
import type { World } from "../../base/world.ts";
import { firstLine } from "../../config/files.ts";
import type { Config } from "../../config/schema.ts";
import type { Client } from "../../mail/client.ts";
import type { Credentials, LoginResult } from "../../smtp/sasl/credentials.ts";
import { type Account, type AccountLimits, accountKey, parseAccountName } from "./account.ts";
import { AccountBook } from "./account-book.ts";
import { accountsPath } from "./account-file.ts";
import { createDovecot } from "./dovecot.ts";
import { createLoginLimits, type LoginAttempt, type LoginCounts, type LoginDebts } from "./login-limits.ts";
import { createTokenCheck, type TokenSettings } from "./oauth.ts";
import { PasswordCheck } from "./password-check.ts";

interface AccountsOptions {
  readonly config: Pick<Config, "submission" | "oauth" | "data_dir" | "domain" | "relay">;
  readonly world: World;
  /** Words for the operator's log: a broken accounts file, a provider that does not answer. */
  readonly onTrouble: (text: string) => void;
  /** Of passwords that are checked; without them, each thread counts for itself. */
  readonly counts?: LoginCounts;
  /** Of failed logins. */
  readonly debts: LoginDebts;
}

/** What the checks want to know of an account that has logged in. */
interface AccountRights {
  /** In canonical form: "ann@example.org", "*@example.org", "*". Its own address is one of them. */
  readonly maySendAs: readonly string[];
  readonly limits: Required<AccountLimits>;
}

export interface Accounts extends Credentials, AsyncDisposable {
  /** Undefined: there is no such account, any more. */
  rightsOf(account: string): AccountRights | undefined;
}

/** Rejects, with words for the operator, when the accounts file is wrong or the client's secret cannot be read. */
export async function openAccounts(options: AccountsOptions): Promise<Accounts> {
  const { config, world, onTrouble, counts, debts } = options;
  const { submission, oauth, domain, relay } = config;
  const book = await AccountBook.open({ path: accountsPath(config), world, onTrouble });
  const tokens = await tokenSettings(oauth);
  const limits = createLoginLimits({ debts, sharedNetworks: relay.networks });
  return new AllAccounts({
    config,
    book,
    limits,
    passwords: new PasswordCheck(counts),
    dovecot: submission.dovecot === undefined ? undefined : createDovecot(submission.dovecot, world),
    checkToken: tokens && createTokenCheck(tokens, world),
    ours: new Set([
      ...domain.map(({ name }) => name),
      ...(submission.default_domain === undefined ? [] : [submission.default_domain]),
    ]),
  });
}

async function tokenSettings(oauth: Config["oauth"]): Promise<TokenSettings | undefined> {
  const { jwks_url, issuer, audience, introspection_url, client_id, client_secret_file } = oauth;
  const jwks = jwks_url !== undefined &&
    issuer !== undefined &&
    audience !== undefined && { url: jwks_url, issuer, audience };
  const introspection = introspection_url !== undefined &&
    client_id !== undefined &&
    client_secret_file !== undefined && {
      url: introspection_url,
      clientId: client_id,
      clientSecret: await readSecret(client_secret_file),
      ...(audience !== undefined && { audience }),
    };
  if (!jwks && !introspection) return undefined;
  return {
    ...(jwks && { jwks }),
    ...(introspection && { introspection }),
    accountClaim: oauth.account_claim,
    timeoutMs: oauth.timeout,
  };
}

async function readSecret(path: string): Promise<string> {
  const secret = await readFile(path, "utf8").then(firstLine, (error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read client_secret_file of [oauth], ${path} (${error.code})`, { cause: error });
  });
  if (secret !== "") return secret;
  throw new Error(`the first line of ${path}, client_secret_file of [oauth], is empty: write the secret there`);
}

interface Parts {
  readonly config: AccountsOptions["config"];
  readonly book: AccountBook;
  readonly limits: ReturnType<typeof createLoginLimits>;
  readonly passwords: PasswordCheck;
  readonly dovecot: ReturnType<typeof createDovecot> | undefined;
  readonly checkToken: ReturnType<typeof createTokenCheck> | undefined;
  /** Domains whose addresses a token may name, though they are no accounts in the file. */
  readonly ours: ReadonlySet<string>;
}

class AllAccounts implements Accounts {
  readonly kinds: Credentials["kinds"];
  readonly #parts: Parts;
  /** Clients in a SCRAM exchange that began too early to be taken. */
  readonly #paused = new WeakSet<Client>();

  constructor(parts: Parts) {
    this.#parts = parts;
    const password = parts.dovecot === undefined ? (["password", "scram"] as const) : (["password"] as const);
    this.kinds = parts.checkToken === undefined ? password : [...password, "token"];
  }

  async checkPassword(user: string, password: string, client: Client): Promise<LoginResult> {
    const { dovecot, passwords } = this.#parts;
    const account = await this.#find(user);
    const result = await this.#limited({ account: account?.name ?? user, address: client.address }, async () => {
      if (dovecot !== undefined) return dovecot.checkPassword(user, password, client);
      return passwords.check(account, password);
    });
    return naming(account, result);
  }

  /**
   * The attempt counts as failed until `ended` says otherwise: who breaks off has guessed, too. Whoever has to wait gets
   * the same salt, for another one would tell him that the account exists.
   */
  async scramSecret(user: string, client: Client): ReturnType<Credentials["scramSecret"]> {
    const account = await this.#find(user);
    const attempt = { account: account?.name ?? user, address: client.address };
    if (this.#parts.limits.begin(attempt) > 0) this.#paused.add(client);
    else this.#paused.delete(client);
    return account?.secret;
  }

  async ended(user: string, client: Client, succeeded: boolean): Promise<LoginResult> {
    const { limits } = this.#parts;
    const account = await this.#find(user);
    const attempt = { account: account?.name ?? user, address: client.address };
    const isPaused = this.#paused.delete(client);
    if (succeeded && !isPaused && account?.secret !== undefined) {
      limits.passed(attempt);
      return { kind: "accepted", account: account.name };
    }
    const retryAfterMs = Math.max(limits.pauseMs(attempt), isPaused ? 1_000 : 0);
    return naming(account, retryAfterMs > 0 ? { kind: "limited", retryAfterMs } : { kind: "refused" });
  }

  async checkToken(token: string, user: string | undefined, client: Client): Promise<LoginResult> {
    const { checkToken } = this.#parts;
    if (checkToken === undefined) return { kind: "refused" };
    const claimant = user === undefined || user === "" ? undefined : await this.#find(user);
    // nobody guesses a token, so that an account needs no limit; the network does, for what each costs
    const result = await this.#limited({ address: client.address }, async () => {
      const result = await checkToken(token);
      if (result.kind !== "accepted") return result;
      const name = parseAccountName(result.name);
      if (name === undefined) return { kind: "refused" };
      const account = (await this.#find(name))?.name ?? name;
      const claimed = user === undefined || user === "" ? account : (claimant?.name ?? user);
      const isAllowed = accountKey(claimed) === accountKey(account) && this.rightsOf(account) !== undefined;
      return isAllowed ? { kind: "accepted", account } : { kind: "refused" };
    });
    return naming(claimant, result);
  }

  rightsOf(name: string): AccountRights | undefined {
    const { config, book, dovecot, checkToken, ours } = this.#parts;
    const account = book.known(name);
    const domain = name.includes("@") ? name.slice(name.lastIndexOf("@") + 1) : undefined;
    const isOfOthers = dovecot !== undefined || (checkToken !== undefined && domain !== undefined && ours.has(domain));
    if (account === undefined && !isOfOthers) return undefined;
    const { messages_per_day, recipients_per_day, recipients_per_hour, default_domain } = config.submission;
    const own = domain === undefined && default_domain !== undefined ? `${name}@${default_domain}` : name;
    return {
      maySendAs: [...(own.includes("@") ? [own] : []), ...(account?.maySendAs ?? [])],
      limits: {
        messagesPerDay: messages_per_day,
        recipientsPerDay: recipients_per_day,
        recipientsPerHour: recipients_per_hour,
        ...account?.limits,
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.dovecot?.[Symbol.asyncDispose]();
  }

  /** By its name, or as a name without @ at the default domain. */
  async #find(user: string): Promise<Account | undefined> {
    const { book, config } = this.#parts;
    const found = await book.find(user);
    const { default_domain } = config.submission;
    return (
      found ??
      (user.includes("@") || default_domain === undefined ? undefined : book.known(`${user}@${default_domain}`))
    );
  }

  async #limited(attempt: LoginAttempt, check: () => Promise<LoginResult>): Promise<LoginResult> {
    const { limits } = this.#parts;
    const retryAfterMs = limits.begin(attempt);
    if (retryAfterMs > 0) return { kind: "limited", retryAfterMs };
    const result = await check();
    switch (result.kind) {
      case "accepted":
        limits.passed(attempt);
        break;
      case "unavailable":
      case "limited":
        limits.undone(attempt);
        break;
      case "refused":
        break;
    }
    return result;
  }
}

/** A failure with the account that it was about, for the operator. */
const naming = (account: Account | undefined, result: LoginResult): LoginResult =>
  account !== undefined && (result.kind === "refused" || result.kind === "limited")
    ? { ...result, account: account.name }
    : result;
