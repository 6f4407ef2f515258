// Where the lab keeps its data unless told otherwise: one place per user, so that `--lab` finds the lab that runs.
import { chmod, lstat, mkdir } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

export const labDir = join(tmpdir(), `waybill-lab-${userInfo().uid}`);

/** Makes the folder, for this user only. Rejects when it stands already and is not ours: all may write to the temp folder. */
export async function makePrivateFolder(dir: string): Promise<void> {
  await mkdir(dir, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const found = await lstat(dir);
  if (!found.isDirectory() || found.uid !== (process.getuid?.() ?? found.uid))
    throw new Error(`${dir} is not a folder of yours. Have it removed, or name another folder with --data-dir.`);
  await chmod(dir, 0o700);
}
