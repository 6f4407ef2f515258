// `check domain`: everything the world sees of a mail domain.
import { type Progress, type Report, runChecks } from "../run.ts";
import { bimi } from "./bimi.ts";
import { dane } from "./dane.ts";
import { dkim } from "./dkim.ts";
import { dmarc } from "./dmarc.ts";
import { lists } from "./lists.ts";
import { mtaSts, mtaStsMx } from "./mta-sts.ts";
import { addresses, mx } from "./mx.ts";
import { nameServers } from "./name-servers.ts";
import type { DomainTools } from "./question.ts";
import { recipients, relay } from "./recipients.ts";
import { reverse } from "./reverse.ts";
import { servers } from "./servers.ts";
import { spf } from "./spf.ts";
import { tlsReports } from "./tls-reports.ts";
import { tls } from "./tls.ts";
import { zone } from "./zone.ts";

/** Each behind those that it needs. */
export const domainChecks = [
  mx,
  nameServers,
  addresses,
  reverse,
  servers,
  dane,
  tls,
  recipients,
  relay,
  spf,
  dkim,
  dmarc,
  mtaSts,
  mtaStsMx,
  tlsReports,
  bimi,
  lists,
  zone,
];

/** Never rejects. */
export const checkDomain = (
  tools: DomainTools,
  how: { readonly tell?: (progress: Progress) => void; readonly signal?: AbortSignal } = {},
): Promise<Report> => {
  const { domain, limits } = tools.question;
  const { totalMs, checkMs: limitMs } = limits;
  return runChecks(domainChecks, { tools, world: tools.world, about: domain, totalMs, limitMs, ...how });
};
