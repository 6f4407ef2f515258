// The protocol as one table: verb → rule. RFC 5321 §4.1.1.
import type { Rules } from "../rule.ts";
import { content } from "./content.ts";
import { hello } from "./hello.ts";
import { information } from "./information.ts";
import { login } from "./login.ts";
import { transaction } from "./transaction.ts";

export const rules: Rules = { ...hello, ...transaction, ...content, ...login, ...information };
