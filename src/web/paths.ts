// Where the pages are that others have a link to, or ask for by a standard.

/** Of Mozilla's autoconfig. draft-ietf-mailmaint-autoconfig */
export const autoconfigPaths = ["/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml"] as const;

/** MS-OXDISCO; in lower case, however it is asked for. */
export const autodiscoverPath = "/autodiscover/autodiscover.xml";
export const autodiscoverV2Paths = [
  "/autodiscover/autodiscover.json",
  "/autodiscover/autodiscover.json/v1.0/:email",
] as const;

export const profilePath = "/mail.mobileconfig";

/** Where an Apple device gets the profile for an address. */
export const profileLink = (address: string): string => `${profilePath}?address=${encodeURIComponent(address)}`;
