import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parse, stringify } from "smol-toml";
import { locator } from "./locate.ts";
import type { Path } from "./settings.ts";

const text = `# a = 1
a = "x # not a remark" # b = 2
"quoted.key" = '''
[not.a.section]
'''
dotted.'b c'.d = 1
when = 1979-05-27 07:32:00
list = [ # first
  "one", 1979-05-27 07:32:00,
  { in = 1,
    side = [
      2,
      3] },
]
[section]
x = """a\\"""
x = 2"""
  [ section . deep ]
y = -1.5e3
[[many]]
n = 0
[many.sub]
m = 0

[[many]]
n = [[1],
 [2]]
`;

test("finds keys of every form", () => {
  parse(text); // it is TOML
  const lineOf = locator(text);
  const lines: [Path, number][] = [
    [["a"], 2],
    [["quoted.key"], 3],
    [["dotted", "b c", "d"], 6],
    [["when"], 7],
    [["list", 0], 9],
    [["list", 1], 9],
    [["list", 2], 10],
    [["list", 2, "in"], 10],
    [["list", 2, "side"], 11],
    [["list", 2, "side", 1], 13],
    [["section", "x"], 16],
    [["section", "deep", "y"], 19],
    [["many", 0, "n"], 21],
    [["many", 0, "sub", "m"], 23],
    [["many", 1], 25],
    [["many", 1, "n", 1, 0], 27],
  ];
  for (const [path, line] of lines) assert.equal(lineOf(path), line, path.join("."));
});

test("what is not there is on the line of what it would be in", () => {
  const lineOf = locator(text);
  assert.equal(lineOf(["nothing"]), 1);
  assert.equal(lineOf(["section", "nothing"]), 15);
  assert.equal(lineOf(["section", "nothing", "x"]), 15);
  assert.equal(lineOf(["many", 1, "sub", "m"]), 25);
});

test("finds each value of a text that was written from random data", () => {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, fc.integer(), fc.string(), tie("list"), tie("table")),
    list: fc.array(tie("value"), { maxLength: 3 }),
    table: fc.dictionary(fc.string(), tie("value"), { maxKeys: 3 }),
  }));
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 1 }), value, { maxKeys: 4 }), (data) => {
      // each number is its own; then the line of a number must contain it
      let count = 1_000_000;
      const places: [Path, number][] = [];
      const number = (item: unknown, path: Path): unknown => {
        if (Array.isArray(item)) return item.map((inner, i) => number(inner, [...path, i]));
        if (typeof item === "object" && item !== null)
          return Object.fromEntries(Object.entries(item).map(([key, inner]) => [key, number(inner, [...path, key])]));
        if (typeof item === "number") places.push([path, ++count]);
        return typeof item === "number" ? count : item;
      };
      const written = stringify(number(data, []));
      const lineOf = locator(written);
      const lines = written.split("\n");
      for (const [path, n] of places) assert.match(lines[lineOf(path) - 1] ?? "", new RegExp(`\\b${n}\\b`), written);
    }),
  );
});
