// Checks passwords that come in clear text against what the accounts file keeps of them: a few at a time, for the thread pool
// of the process has other work, and names that nobody has take as long as others.
import { createHmac, randomBytes } from "node:crypto";
import { scramDefaults } from "../../smtp/sasl/credentials.ts";
import type { LoginResult, ScramSecret } from "../../smtp/sasl/credentials.ts";
import type { Account } from "./account.ts";
import { type LoginCounts, loginCounts } from "./login-limits.ts";
import { isPassword } from "./secret.ts";

export const passwordLimits = {
  atOnce: 2, // of the four threads of the pool, which all serving threads share
  waiting: 200, // in one serving thread: some 5 seconds of work; more than that comes from an attacker
  remembered: 1_000, // logins of mail apps that come again and again
} as const;

/** Of whoever is none. */
const nobody: ScramSecret = {
  iterations: scramDefaults.iterations,
  salt: randomBytes(scramDefaults.saltBytes),
  storedKey: randomBytes(32),
  serverKey: randomBytes(32),
};

export class PasswordCheck {
  /** Of passwords that were right, so that the next login with one costs little; lost with the process. */
  readonly #key = randomBytes(32);
  readonly #right = new Map<string, string>();
  readonly #checking: Int32Array<SharedArrayBuffer>;
  /** Each begins when the one before it has. */
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** The count is for all threads; without it, this one counts for itself. */
  constructor({ checking }: Pick<LoginCounts, "checking"> = loginCounts()) {
    this.#checking = new Int32Array(checking);
  }

  /** `password` is prepared. Never rejects. */
  async check(account: Account | undefined, password: string): Promise<LoginResult> {
    const secret = account?.secret ?? nobody;
    const fingerprint = this.#fingerprint(password, secret);
    if (account !== undefined && this.#right.get(account.name) === fingerprint) return accepted(account);
    if (this.#waiting >= passwordLimits.waiting)
      return { kind: "unavailable", because: "more passwords are waiting to be checked than we can check" };
    const isRight = await this.#inTurn(() => isPassword(password, secret));
    if (!isRight || account?.secret === undefined) return { kind: "refused" };
    this.#remember(account.name, fingerprint);
    return accepted(account);
  }

  /** Of the secret, too: after a change of the password the old one is not right any more. */
  #fingerprint(password: string, { salt, storedKey }: ScramSecret): string {
    return createHmac("sha256", this.#key).update(salt).update(storedKey).update(password).digest("base64");
  }

  #remember(name: string, fingerprint: string): void {
    this.#right.delete(name);
    this.#right.set(name, fingerprint);
    if (this.#right.size > passwordLimits.remembered) this.#right.delete(this.#right.keys().next().value!);
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting > 0 || !this.#begin()) await this.#wait();
    try {
      return await work();
    } finally {
      Atomics.sub(this.#checking, 0, 1);
      Atomics.notify(this.#checking, 0);
    }
  }

  async #wait(): Promise<void> {
    this.#waiting += 1;
    this.#last = this.#beginAfter(this.#last);
    await this.#last;
    this.#waiting -= 1;
  }

  async #beginAfter(before: Promise<void>): Promise<void> {
    await before;
    while (!this.#begin()) await Atomics.waitAsync(this.#checking, 0, passwordLimits.atOnce).value;
  }

  #begin(): boolean {
    for (;;) {
      const running = Atomics.load(this.#checking, 0);
      if (running >= passwordLimits.atOnce) return false;
      if (Atomics.compareExchange(this.#checking, 0, running, running + 1) === running) return true;
    }
  }
}

const accepted = ({ name }: Account): LoginResult => ({ kind: "accepted", account: name });
