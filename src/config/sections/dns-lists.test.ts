import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../load.ts";

const withAnswers = (text: string) => parseConfig(`[[dns_list]]\nname = "bl.example.org"\nanswers = ${text}`, "w.toml");

test("answers of a list stay as they are written", () => {
  const parsed = withAnswers('{ "127.0.0.2-11" = 5, "127.0.1.2" = -3 }');
  assert.deepEqual(parsed.kind === "ok" && parsed.config.dns_list, [
    {
      name: "bl.example.org",
      of: "address",
      weight: 5,
      answers: { "127.0.0.2-11": 5, "127.0.1.2": -3 },
      timeout: 3_000,
    },
  ]);
});

test("a list's name may end with a dot, as DNS tools write it", () => {
  const parsed = parseConfig('[[dns_list]]\nname = "Zen.example.org."', "w.toml");
  assert.equal(parsed.kind === "ok" && parsed.config.dns_list[0]?.name, "zen.example.org");
});

for (const wrong of ["127.0.0.300", "127.0.0.9-3", "127.0.0", "192.0.2.1", "127.0.0.2-300", "127.0.0.2 "])
  test(`"${wrong}" is no answer of a list`, () => {
    const parsed = withAnswers(`{ "${wrong}" = 5 }`);
    assert.match(parsed.kind === "bad" ? parsed.problems[0]!.what : "ok", /is not an answer of a list/);
  });

test("a list counts once, but may list both addresses and domains", () => {
  const twice = (of: string) =>
    parseConfig(`[[dns_list]]\nname = "bl.example.org"\n[[dns_list]]\nname = "bl.example.org"\nof = "${of}"`, "w.toml");
  assert.equal(twice("domain").kind, "ok");
  const parsed = twice("address");
  assert.match(parsed.kind === "bad" ? parsed.problems[0]!.what : "ok", /is there twice, and would count twice/);
});
