// Where the lab keeps its data unless told otherwise: one place per user, so that `--lab` finds the lab that runs.
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

export const labDir = join(tmpdir(), `waybill-lab-${userInfo().uid}`);
