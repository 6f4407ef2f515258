// Checks of our own, one for each phase: an example to start from. In waybill.toml: [hooks] modules = ["./my-checks.ts"]
import type { Check } from "waybill";

const ourDomain = "example.org";

/** connect: the client's address is known, and whether we trust its network. */
const notFromHere: Check = {
  name: "not-from-here",
  phase: "connect",
  judge({ client, trusted }) {
    if (trusted || !client.address.startsWith("198.51.100.")) return { kind: "nothing" };
    const lines = ["this server takes no mail from your network; write to postmaster@example.org if that is a mistake"];
    return { kind: "refuse", check: "not-from-here", reply: { code: 554, enhanced: "5.7.1", lines } };
  },
};

/** mail: MAIL FROM is known, and what SPF says of it. */
const ourNameAbroad: Check = {
  name: "our-name-abroad",
  phase: "mail",
  async judge({ trusted, reversePath, sender }) {
    if (trusted || !reversePath?.endsWith(`@${ourDomain}`)) return { kind: "nothing" };
    const verdicts = await sender;
    if (verdicts?.spf.some(({ result }) => result === "pass")) return { kind: "nothing" };
    const lines = [`mail from ${ourDomain} is sent through its own servers: log in there, and send it again`];
    return { kind: "refuse", check: "our-name-abroad", reply: { code: 550, enhanced: "5.7.1", lines } };
  },
};

const closedFrom = 18;

/** rcpt: one recipient is known, and whose it is. Asked once for each. */
const officeHours: Check = {
  name: "office-hours",
  phase: "rcpt",
  judge({ recipient, recipientIs }) {
    const isClosed = new Date().getHours() >= closedFrom;
    if (recipientIs !== "ours" || recipient?.address !== `door@${ourDomain}` || !isClosed) return { kind: "nothing" };
    const lines = ["the door is closed in the evening; your mail server will try again, and be let in in the morning"];
    return { kind: "defer", check: "office-hours", reply: { code: 451, enhanced: "4.7.1", lines } };
  },
};

/** content: the header is known, who sent it, and for whom it is. The body is not. */
const strangersInvoice: Check = {
  name: "strangers-invoice",
  phase: "content",
  judge({ content }) {
    const subject = content?.header.find(({ name }) => name.toLowerCase() === "subject")?.value ?? "";
    const isProven = content?.identity.kind !== "network";
    if (!/invoice|rechnung/i.test(subject) || isProven) return { kind: "nothing" };
    return { kind: "mark", check: "strangers-invoice", because: "an invoice from someone who proves no name" };
  },
};

export const checks: readonly Check[] = [notFromHere, ourNameAbroad, officeHours, strangersInvoice];
