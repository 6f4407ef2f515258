// The client's side of SCRAM-SHA-256, for tests. RFC 5802 §3, §5; it shares no code with the server.
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";

const hmac = (key: Uint8Array, text: string): Buffer => createHmac("sha256", key).update(text).digest();

export interface ScramLogin {
  readonly user: string;
  readonly password: string;
  /** "n,,", "y,,", "p=tls-exporter,,", with a= inside. */
  readonly gs2?: string;
  readonly binding?: Uint8Array;
  readonly nonce?: string;
}

export class ScramClient {
  readonly first: string;
  readonly #login: ScramLogin;
  readonly #bare: string;
  /** What the server must prove itself with. */
  serverFinal = "";

  constructor(login: ScramLogin) {
    this.#login = login;
    this.#bare = `n=${login.user.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${login.nonce ?? "rOprNGfwEbeRWgbNEkqO"}`;
    this.first = (login.gs2 ?? "n,,") + this.#bare;
  }

  /** The client-final-message; with `forged`, of a client that knows the password and breaks the rules. */
  answer(serverFirst: string, forged: { readonly gs2?: string; readonly nonce?: string } = {}): string {
    const { password, gs2 = "n,,", binding = new Uint8Array() } = this.#login;
    const [, nonce = "", salt = "", iterations = ""] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst) ?? [];
    const salted = pbkdf2Sync(
      password.normalize("NFKC"),
      Buffer.from(salt, "base64"),
      Number(iterations),
      32,
      "sha256",
    );
    const channel = Buffer.concat([Buffer.from(forged.gs2 ?? gs2), binding]).toString("base64");
    const withoutProof = `c=${channel},r=${forged.nonce ?? nonce}`;
    const transcript = [this.#bare, serverFirst, withoutProof].join(",");
    const clientKey = hmac(salted, "Client Key");
    const signature = hmac(createHash("sha256").update(clientKey).digest(), transcript);
    const proof = clientKey.map((octet, i) => octet ^ signature[i]!);
    this.serverFinal = `v=${hmac(hmac(salted, "Server Key"), transcript).toString("base64")}`;
    return `${withoutProof},p=${Buffer.from(proof).toString("base64")}`;
  }
}
