// Header sections that would keep a sessions' thread busy, if reading them took more than a look at each octet.
import assert from "node:assert/strict";
import { test } from "node:test";
import { mendHeader } from "../../mail/mend-header.ts";
import { surveyHeader } from "./limits.ts";
import { withoutForged } from "./results-field.ts";

/** Linear takes some ms, and quadratic a minute. */
const mostCpuMs = 2_000;
const bytes = 250_000;

const repeated = [" ", "\t", "a ", "(", "\\", '"', ";", "\r\n ", "\r\n\t", "a:\r\n", "a \r\n", ":", "=", "<", ","];
for (const unit of repeated)
  for (const [before, after] of [
    ["", ""],
    ["a", "x"],
    ["Authentication-Results:", ""],
    ["Received-SPF: receiver", "x"],
    ["From: ", "@x"],
  ] as const)
    test(`${JSON.stringify(before + unit)}, again and again, costs no more than its length`, () => {
      const header = Buffer.from(`${before}${unit.repeat(bytes / unit.length)}${after}\r\n\r\n`);
      const start = process.cpuUsage();
      surveyHeader(header);
      withoutForged(header, "mx.example.org");
      mendHeader(header, { now: 0, newMessageId: () => "<a@b>" });
      const { user } = process.cpuUsage(start);
      assert.ok(user / 1_000 < mostCpuMs, `${user / 1_000} ms`);
    });
