import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { groupCommit } from "./group-commit.ts";

/** A table of numbers; 13 cannot be added. */
function numbers() {
  const db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE number (n INTEGER CHECK (n <> 13))");
  const insert = db.prepare("INSERT INTO number VALUES (?)");
  const operations = {
    add: (n: number): number => {
      insert.run(n);
      return n;
    },
    /** Changes the database, then fails. */
    addAndFail: (n: number): void => {
      insert.run(n);
      throw new Error("changed my mind");
    },
    level: () => db.prepare("PRAGMA synchronous").get()?.["synchronous"],
    peek: () => db.prepare("PRAGMA synchronous").get()?.["synchronous"],
  };
  const run = groupCommit(db, operations, {
    inWords: (error) => new Error(`in words: ${(error as Error).message}`),
    unsynced: new Set(["peek"]),
  });
  const calls = (...asked: readonly (readonly [keyof typeof operations, ...unknown[]])[]) =>
    run(asked.map(([name, ...args], id) => ({ id, name, args })));
  const content = () =>
    db
      .prepare("SELECT n FROM number ORDER BY rowid")
      .all()
      .map((row) => row["n"]);
  return { db, calls, content };
}

test("answers each call with its own value", () => {
  const { calls, content } = numbers();
  assert.deepEqual(calls(["add", 1], ["add", 2]), [
    { id: 0, ok: true, value: 1 },
    { id: 1, ok: true, value: 2 },
  ]);
  assert.deepEqual(content(), [1, 2]);
});

test("only the guilty call fails, and leaves nothing", () => {
  const { calls, content } = numbers();
  const answers = calls(["add", 1], ["add", 13], ["addAndFail", 5], ["add", 2]);
  assert.deepEqual(
    answers.map(({ ok }) => ok),
    [true, false, false, true],
  );
  assert.deepEqual(answers[2], { id: 2, ok: false, error: { name: "Error", message: "in words: changed my mind" } });
  assert.deepEqual(content(), [1, 2]);
});

test("waits for the disk, unless no call of the group needs it", () => {
  const { calls } = numbers();
  const levels = (...names: ("level" | "peek")[]) =>
    calls(...names.map((name) => [name] as const)).map((answer) => answer.ok && answer.value);
  const [normal, full] = [1, 2];
  assert.deepEqual(levels("level"), [full]);
  assert.deepEqual(levels("peek", "peek"), [normal, normal]);
  assert.deepEqual(levels("peek", "level"), [full, full]);
});

test("a disk that does not let the database change its ways fails no call that needs less, and promises no more", () => {
  const { db, calls } = numbers();
  const exec = db.exec.bind(db);
  const failing = (pragma: string): void => {
    db.exec = (sql) => {
      if (sql.includes(pragma)) throw new Error("disk I/O error");
      exec(sql);
    };
  };
  const [normal, full] = [1, 2];
  failing("NORMAL");
  assert.deepEqual(calls(["peek"]), [{ id: 0, ok: true, value: full }], "slower, that is all");
  failing("FULL");
  assert.deepEqual(calls(["peek"]), [{ id: 0, ok: true, value: normal }]);
  const error = { name: "Error", message: "in words: disk I/O error" };
  assert.deepEqual(calls(["level"]), [{ id: 0, ok: false, error }], "it could be lost with the power");
  db.exec = exec;
  assert.deepEqual(calls(["level"]), [{ id: 0, ok: true, value: full }]);
});
