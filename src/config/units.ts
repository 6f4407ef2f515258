// Values of waybill.toml as people write them ("5m", "50MB", "10.0.0.0/8") and as the server uses them.
import { z } from "zod";

const msPer = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** "90s", "5m", "4h", "5d" → ms; in code, a number of ms. */
export const duration = z.union([z.string(), z.number()]).transform((value, context) => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(String(value)) ?? (value === 0 ? ["", "0", "s"] : []);
  if (amount !== undefined) return Number(amount) * msPer[unit as keyof typeof msPer];
  context.addIssue({ code: "custom", message: 'must be a duration such as "30s", "5m", "4h" or "5d"' });
  return z.NEVER;
});

const bytesPer = { "": 1, B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 } as const;

/** "512KB", "50MB" → bytes (1 KB is 1,024 bytes); a number is bytes. */
export const size = z.union([z.string(), z.number()]).transform((value, context) => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(|B|KB|MB|GB)$/.exec(String(value)) ?? [];
  if (amount !== undefined) return Math.floor(Number(amount) * bytesPer[unit as keyof typeof bytesPer]);
  context.addIssue({ code: "custom", message: 'must be a size such as "512KB" or "50MB"' });
  return z.NEVER;
});

/** A host name: labels of letters, digits and hyphens. */
export const hostName = z
  .string()
  .regex(/^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i, {
    message: 'must be a host name such as "mail.example.org"',
  });

export const listenAddress = z.string().transform((value, context) => {
  const [, v6, v4, port] = /^(?:\[([0-9a-f:.]+)\]|(\*|[0-9.]+)):(\d{1,5})$/i.exec(value) ?? [];
  if (port !== undefined && Number(port) <= 65_535)
    return { host: v6 ?? (v4 === "*" ? "::" : v4!), port: Number(port) };
  context.addIssue({
    code: "custom",
    message: 'must be an address and a port, such as "127.0.0.1:25", "[::1]:25" or "*:25"',
  });
  return z.NEVER;
});

/** An address or a network in CIDR notation. */
export const network = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);
