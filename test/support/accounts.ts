// Credentials for tests of logins, without a file: ann@home.lab with the password "pencil", and a token "good-token" for her.
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import type { Credentials, LoginResult, ScramSecret } from "../../src/smtp/sasl/credentials.ts";

/** Of "pencil"; salt and iterations of RFC 7677 §3. */
export function pencilSecret(): ScramSecret {
  const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
  const salted = pbkdf2Sync("pencil", salt, 4_096, 32, "sha256");
  const key = (name: string): Buffer => createHmac("sha256", salted).update(name).digest();
  const storedKey = createHash("sha256").update(key("Client Key")).digest();
  return { iterations: 4_096, salt, storedKey, serverKey: key("Server Key") };
}

export interface TestAccounts extends Credentials {
  /** What was asked, in order: `password ann@home.lab pencil`. */
  readonly asked: string[];
  /** Takes the place of every result. */
  result: LoginResult | undefined;
}

export function testAccounts(own: Partial<Pick<TestAccounts, "kinds" | "result">> = {}): TestAccounts {
  const asked: string[] = [];
  const names = new Set(["ann@home.lab", "user"]);
  const secret = pencilSecret();
  const accounts: TestAccounts = {
    kinds: ["password", "scram", "token"],
    asked,
    result: undefined,
    async checkPassword(user, password) {
      asked.push(`password ${user} ${password}`);
      return answer(names.has(user) && password === "pencil", user);
    },
    async scramSecret(user) {
      asked.push(`secret ${user}`);
      return names.has(user) ? secret : undefined;
    },
    async checkToken(token, user = "ann@home.lab") {
      asked.push(`token ${token} ${user}`);
      return answer(token === "good-token" && names.has(user), user);
    },
    async ended(user, _, succeeded) {
      asked.push(`ended ${user} ${succeeded}`);
      return answer(succeeded, user);
    },
    ...own,
  };
  const answer = (isRight: boolean, account: string): LoginResult =>
    accounts.result ?? (isRight ? { kind: "accepted", account } : { kind: "refused" });
  return accounts;
}
