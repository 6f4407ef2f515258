// `check delivery`: what would happen to a message to somebody, without sending it.
import { type Progress, type Report, runChecks } from "../run.ts";
import { checkLimits, type CheckLimits } from "../tools.ts";
import { hosts } from "./hosts.ts";
import type { DeliveryTools } from "./question.ts";
import { route } from "./route.ts";
import { sender } from "./sender.ts";
import { state } from "./state.ts";
import { tlsPolicy } from "./tls-policy.ts";
import { verdict } from "./verdict.ts";

/** Each behind those that it needs. */
export const deliveryChecks = [route, hosts, tlsPolicy, sender, state, verdict];

/** Servers may take their time with strangers; a delivery would wait for minutes. */
export const deliveryLimits: CheckLimits = {
  ...checkLimits,
  totalMs: 25_000,
  checkMs: 20_000,
  replyMs: 8_000,
  visitMs: 15_000,
};

/** Never rejects. */
export const checkDelivery = (
  tools: DeliveryTools,
  how: { readonly tell?: (progress: Progress) => void; readonly signal?: AbortSignal } = {},
): Promise<Report> => {
  const { limits } = tools.question;
  const { totalMs, checkMs: limitMs } = limits;
  return runChecks(deliveryChecks, {
    tools,
    world: tools.world,
    about: tools.delivery.recipient,
    totalMs,
    limitMs,
    ...how,
  });
};
