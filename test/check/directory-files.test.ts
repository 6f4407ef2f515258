// Real files of the public directory, served as the directory: each becomes settings that a person can type.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { suite } from "../support/suites.ts";
import { type AccountLab, pageOf, startAccountLab } from "./account-lab.ts";

const files = suite("autoconfig");
let lab: AccountLab;
before(async () => {
  lab = await startAccountLab();
});
after(() => lab[Symbol.asyncDispose]());

test("each file is found in the directory, and is a form to fill in", { skip: files.skip }, async () => {
  const all = files.files(".xml");
  assert.ok(all.length >= 40, String(all.length));
  for (const file of all) {
    const { findings, settings } = await lab.check({
      pages: {
        [pageOf.autoconfig]: { status: 404 },
        [pageOf.autodiscover]: { status: 404 },
        [pageOf.directory]: { text: files.read(file).toString("utf8") },
      },
      srv: "none",
      question: { password: undefined },
    });
    const ids = findings.map(({ id }) => id);
    assert.ok(ids.includes("settings.found"), `${file}: ${ids.join(", ")}`);
    assert.ok(!ids.includes("settings.unreadable") && !ids.includes("settings.none"), file);
    assert.ok(
      settings.some(({ protocol }) => protocol === "smtp"),
      file,
    );
    assert.ok(
      settings.some(({ protocol }) => protocol !== "smtp"),
      file,
    );
    for (const { host, port, username } of settings) {
      assert.match(host, /^[a-z0-9.-]+\.[a-z]+$/, file);
      assert.ok(port > 0 && username !== undefined && !username.includes("%"), file);
    }
  }
});

test("where the domain is unknown, that of its MX is asked for, with nothing of the person", async () => {
  const { findings } = await lab.check({
    drop: ["@ MX"],
    add: ["@ MX 10 mx1.mail.provider.example"],
    pages: {
      [pageOf.autoconfig]: { status: 404 },
      [pageOf.autodiscover]: { status: 404 },
      [pageOf.directory]: { status: 404 },
      "directory.example/v1.1/provider.example": {
        text: files.skip === false ? files.read("zoho.in.xml").toString() : "",
      },
    },
    srv: "none",
    question: { password: undefined },
  });
  assert.ok(lab.asked.includes("GET directory.example/v1.1/provider.example"));
  if (files.skip === false)
    assert.ok(findings.some(({ id, about }) => id === "settings.found" && about.endsWith("/provider.example")));
});
