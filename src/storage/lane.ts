// Lanes: the deliveries from one sender's domain to one recipient's domain, which take turns with all other lanes.
import { type Address, domainOf, type ReversePath } from "../mail/address.ts";

/** "sender.example recipient.example"; the null reverse path has no domain. */
export const laneOf = (from: ReversePath, to: Address): string =>
  `${from === "" ? "" : domainOf(from)} ${domainOf(to)}`;
