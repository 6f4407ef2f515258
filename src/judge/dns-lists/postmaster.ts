// The one address that everybody can reach.
import { type Address, localPartOf } from "../../mail/address.ts";

/** RFC 5321 §4.5.1: whoever is refused by mistake must be able to say so. In any case of letters. */
export const isPostmaster = (address: Address): boolean => localPartOf(address).toLowerCase() === "postmaster";
