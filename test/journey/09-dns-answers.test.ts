// What DNS says about a domain: no mail, no domain, and no answer are three different things. RFC 7505, RFC 5321 §5.1.
import assert from "node:assert/strict";
import { test } from "node:test";
import { actionOf, assertPlainWords, openNotice } from "../support/lab-notice.ts";
import { startLab } from "../support/lab-server.ts";

test("null MX and a domain that does not exist bounce, each with its reason; broken name servers mean wait", async () => {
  const hostless = { name: "hostless", what: "", zone: ["@ TXT nothing"] };
  await using lab = await startLab({ names: ["nomail", "nodns"], newcomers: [hostless] });
  await lab.send({ to: ["ina@nomail.lab"] });
  await lab.send({ to: ["jo@nosuch.lab"] });
  await lab.send({ to: ["kim@hostless.lab"] });
  await lab.send({ to: ["leo@nodns.lab"] });

  const { because: noMail } = await lab.event("bounced", "ina@nomail.lab");
  assert.deepEqual(noMail, { kind: "null-mx", domain: "nomail.lab" });
  const { because: noDomain } = await lab.event("bounced", "jo@nosuch.lab");
  assert.deepEqual(noDomain, { kind: "dns", problem: "no-such-domain", name: "nosuch.lab", query: "MX" });
  const { because: noHost } = await lab.event("bounced", "kim@hostless.lab");
  assert.deepEqual(noHost, { kind: "dns", problem: "no-data", name: "hostless.lab", query: "MX" });
  const { because: noAnswer } = await lab.event("deferred", "leo@nodns.lab");
  assert.deepEqual(noAnswer, { kind: "dns", problem: "server-failure", name: "nodns.lab", query: "MX" });

  await lab.mail("you@home.lab", 3);
  const notices = new Map(
    lab.mails.map((mail) => {
      const notice = openNotice(mail);
      assertPlainWords(notice);
      return [[...notice.recipients.keys()][0]!, notice];
    }),
  );
  const told = [
    ["ina@nomail.lab", "5.1.10", /nomail\.lab says that it does not take any mail/],
    ["jo@nosuch.lab", "5.1.2", /There is no domain nosuch\.lab/],
    ["kim@hostless.lab", "5.1.2", /hostless\.lab exists, but it has no mail server/],
  ] as const;
  for (const [address, status, words] of told) {
    const notice = notices.get(address)!;
    assert.deepEqual(actionOf(notice, address), ["failed", status]);
    assert.match(notice.letter, words);
  }
  assert.equal(notices.size, 3);
  await lab.calm();
  assert.deepEqual(
    (await lab.control.list({})).map(({ recipient }) => recipient.address),
    ["leo@nodns.lab"],
  );
});
