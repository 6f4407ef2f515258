// A stranger who introduces himself as us. RFC 5321 §4.1.4 forbids to refuse a HELO that is merely wrong; this one is a lie.
import { canonicalAddress } from "../../base/networks.ts";
import { asciiLine } from "../../mail/printable.ts";
import { reply } from "../../mail/reply.ts";
import type { Check, Finding } from "../check.ts";
import { oneReply } from "./reply-lines.ts";

export function helo(
  wish: "refuse" | "mark" | "accept",
  { hostname, addresses }: { hostname: string; addresses: readonly string[] },
): Check {
  const own = new Set([hostname.toLowerCase(), ...addresses.map(plain)]);
  return {
    name: "helo",
    phase: "mail",
    judge({ client, trusted }): Finding {
      const name = plain(client.helloName ?? "");
      if (wish === "accept" || trusted || !own.has(name) || addresses.includes(client.address))
        return { kind: "nothing" };
      const because = `HELO gave "${asciiLine(name, 255)}", which is our own name and not yours`;
      if (wish === "mark") return { kind: "mark", check: "helo", because };
      const remedy = "introduce yourself with the name of your own host";
      return { kind: "refuse", check: "helo", reply: reply(550, "5.7.1", ...oneReply(because, remedy)) };
    },
  };
}

/** `Mx.Example.` → `mx.example`, `[IPv6:2001:DB8::1]` → `2001:db8::1` */
function plain(name: string): string {
  const text = name.toLowerCase().replace(/\.$/, "");
  return canonicalAddress(text.replace(/^\[(?:ipv6:)?(.*)\]$/, "$1")) ?? text;
}
