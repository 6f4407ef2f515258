// Data directories for tests of the SQLite driver.
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

/** A new empty folder, removed after the tests. */
export async function dataDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "waybill-store-"));
  after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A data directory as it would be if the machine stopped at this moment. */
export async function crashed(dir: string): Promise<string> {
  const copy = await dataDir();
  await cp(dir, copy, { recursive: true, filter: (path) => !path.includes("lock.db") });
  return copy;
}

/** Names of body files below `dir`. */
export async function bodyFiles(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && entry.parentPath.includes("bodies")).map(({ name }) => name);
}
