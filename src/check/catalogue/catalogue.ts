// All findings there are, with what is usual of each. A check adds a file of its own here, and one to languages/en/.
import { accountFindings } from "./account.ts";
import { deliveryFindings } from "./delivery.ts";
import { domainFindings } from "./domain.ts";
import type { FindingFacts } from "./facts.ts";
import { generalFindings } from "./general.ts";
import { selfFindings } from "./self.ts";
import { serverFindings } from "./server.ts";

const all = {
  ...generalFindings,
  ...domainFindings,
  ...serverFindings,
  ...accountFindings,
  ...deliveryFindings,
  ...selfFindings,
};

export type FindingId = keyof typeof all;

export const catalogue: Readonly<Record<FindingId, FindingFacts>> = all;

export const findingIds = Object.keys(all) as FindingId[];
