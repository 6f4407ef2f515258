// The inspection of a server, as findings: from the name to the login.
import type { Finding } from "../finding.ts";
import type { Telling } from "./advice.ts";
import type { Inspection } from "./inspect.ts";
import { tellConnection, tellName } from "./tell-connection.ts";
import { tellAbilities, tellLogin } from "./tell-login.ts";
import { tellSecurity } from "./tell-security.ts";

export const findingsOf = (inspection: Inspection, telling: Telling): Finding[] => [
  ...tellName(inspection, telling),
  ...tellConnection(inspection),
  ...tellSecurity(inspection, telling),
  ...tellAbilities(inspection),
  ...tellLogin(inspection),
];
