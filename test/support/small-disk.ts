// A file system of a few megabytes, for tests that fill a disk.
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SmallDisk extends AsyncDisposable {
  readonly dir: string;
  freeBytes(): Promise<number>;
}

/** Or the reason why there cannot be one here. */
export async function mountSmallDisk(megabytes: number): Promise<SmallDisk | string> {
  const dir = await mkdtemp(join(tmpdir(), "waybill-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", dir], { stdio: "pipe" });
  } catch (error) {
    await rm(dir, { recursive: true });
    return `no small disk can be mounted here, which takes root: ${(error as Error).message.trim()}`;
  }
  return {
    dir,
    async freeBytes() {
      const { bavail, bsize } = await statfs(dir);
      return bavail * bsize;
    },
    async [Symbol.asyncDispose]() {
      execFileSync("umount", [dir], { stdio: "pipe" });
      await rm(dir, { recursive: true });
    },
  };
}
