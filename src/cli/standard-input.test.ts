import assert from "node:assert/strict";
import { test } from "node:test";
import { chunks } from "../../test/cli/fake-ports.ts";
import { readMessage } from "./standard-input.ts";

const read = async (dotEnds: boolean, ...texts: string[]): Promise<string> =>
  (await readMessage(chunks(...texts), dotEnds)).toString();

const table: [string, string][] = [
  ["a\n.\nb\n", "a\n"],
  ["a\r\n.\r\nb\r\n", "a\r\n"],
  [".\n", ""],
  ["a.\n", "a.\n"],
  ["..\n.x\n", "..\n.x\n"],
  ["a\n\n.\n.\n", "a\n\n"],
  ["", ""],
];

for (const [given, expected] of table)
  test(`a lone dot ends ${JSON.stringify(given)}, however it is split`, async () => {
    assert.equal(await read(true, given), expected);
    assert.equal(await read(true, ...given.split("")), expected);
    for (let at = 0; at < given.length; at++)
      assert.equal(await read(true, given.slice(0, at), given.slice(at)), expected);
    assert.equal(await read(false, ...given.split("")), given);
  });
