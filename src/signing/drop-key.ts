// Taking back a key that never signed: nobody needs its record, and nobody will miss it.
import { rm } from "node:fs/promises";
import type { SigningDomain } from "./domains.ts";
import { changeFolder, KeyError, type KeyState, pemPath, readFolder } from "./key-folder.ts";

type Dropped =
  | { readonly kind: "dropped" }
  /** The folder has no such key. */
  | { readonly kind: "unknown" }
  /** It signs, or did: mail that needs its record may be on its way. */
  | { readonly kind: "kept"; readonly state: Extract<KeyState, "active" | "retired"> };

/** Rejects with a KeyError when the folder cannot be read or written. */
export async function dropKey({ folder }: SigningDomain, selector: string): Promise<Dropped> {
  if (!(await readFolder(folder)).some((record) => record.selector === selector)) return { kind: "unknown" };
  let dropped: Dropped = { kind: "dropped" };
  // the server may take the key into use at this moment: what counts is what stands there once it is ours to write
  await changeFolder(folder, (records) => {
    const state = records.find((record) => record.selector === selector)?.state;
    if (state === "active" || state === "retired") dropped = { kind: "kept", state };
    return dropped.kind === "dropped" ? records.filter((record) => record.selector !== selector) : records;
  });
  if (dropped.kind === "dropped") await removeFile(pemPath(folder, selector));
  return dropped;
}

async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true }).catch((error: Error) => {
    throw new KeyError(
      `the key is dropped, but its file cannot be removed (${error.message}); delete ${path} yourself`,
      {
        cause: error,
      },
    );
  });
}
