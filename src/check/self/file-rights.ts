// Who may read our secrets, and does all of data_dir belong to the user that runs Waybill?
import { dirname, join, resolve } from "node:path";
import type { Config } from "../../config/schema.ts";
import { act } from "../finding.ts";
import type { Asked } from "../run.ts";
import type { Machine, Seen } from "./ports.ts";
import { quickCheck, type QuickTools, say } from "./question.ts";

export const fileRights = quickCheck({
  name: "file-rights",
  async run(asked) {
    const { machine, question } = asked.tools;
    if (machine.userId === undefined) return; // another system of rights
    const dir = resolve(question.config.data_dir);
    const folder = await machine.look(dir);
    const inside = folder.kind === "folder" ? await machine.list(dir) : [];
    if (folder.kind === "folder") await tellOfOwners({ dir, uid: folder.uid, names: inside }, asked);
    const isClosed = folder.kind === "folder" && (folder.mode & 0o007) === 0;
    const wrong = await openSecrets(await secretsOf(question.config, machine), { dir, isClosed }, machine);
    for (const { path, mode } of wrong)
      say(asked, "files.secret-open", {
        about: path,
        values: { mode: octal(mode) },
        changes: [act("close-file", { path })],
      });
    // whoever may write here can put mail and keys of their own in the place of ours
    const isOpen = folder.kind === "folder" && (folder.mode & 0o002) !== 0;
    if (isOpen)
      say(asked, "files.folder-open", {
        about: dir,
        values: { mode: octal(folder.mode) },
        changes: [act("close-folder", { path: dir })],
      });
    if (wrong.length === 0 && !isOpen && folder.kind === "folder") say(asked, "files.good", { about: dir });
  },
});

const octal = (mode: number): string => mode.toString(8).padStart(4, "0");

interface Folder {
  readonly dir: string;
  readonly uid: number;
  readonly names: readonly string[];
}

/** What was made by another user, most often root at a first try, cannot be written later. */
async function tellOfOwners({ dir, uid, names }: Folder, asked: Asked<QuickTools>): Promise<void> {
  const { machine } = asked.tools;
  const seen = await Promise.all(names.map(async (name) => [name, await machine.look(join(dir, name))] as const));
  const foreign = seen.filter(([, one]) => isThere(one) && one.uid !== uid);
  const [first] = foreign;
  if (first === undefined || !isThere(first[1])) return;
  const owner = machine.userName(uid);
  say(asked, "files.foreign", {
    about: dir,
    values: { names: foreign.map(([name]) => name).join(", "), owner, other: machine.userName(first[1].uid) },
    changes: [act("chown", { dir, owner: uid === 0 ? "root" : owner.replace(/^user /, "") })],
  });
}

const isThere = (seen: Seen): seen is Extract<Seen, { readonly mode: number }> =>
  seen.kind !== "absent" && seen.kind !== "failed";

/** Files whose reader could log in, sign or read as we do. */
async function secretsOf(config: Config, machine: Machine): Promise<string[]> {
  const { data_dir: dir, tls, web_certificate, dkim, route, submission, storage, oauth, forwarding, returns } = config;
  const folders = [
    ...dkim.flatMap(({ keys }) => keys ?? []),
    ...(await machine.list(join(dir, "dkim"))).map((name) => join(dir, "dkim", name)),
  ];
  const keys = folders.map(async (folder) =>
    (await machine.list(folder)).filter((name) => name.endsWith(".pem")).map((name) => join(folder, name)),
  );
  const named = [
    tls.key,
    ...web_certificate.map(({ key }) => key),
    ...dkim.flatMap(({ key_files }) => Object.values(key_files)),
    ...route.map(({ password_file }) => password_file),
    submission.accounts ?? join(dir, "accounts.json"),
    storage.url_file,
    oauth.client_secret_file,
    forwarding.srs_secret_file,
    returns.secret_file,
    join(dir, "self-signed.pem"),
  ];
  const files = [...named, ...(await Promise.all(keys)).flat()].filter((path) => path !== undefined);
  return [...new Set(files.map((path) => resolve(path)))];
}

interface Closed {
  readonly dir: string;
  /** Nobody else can come to what is in the folder. */
  readonly isClosed: boolean;
}

async function openSecrets(
  paths: readonly string[],
  { dir, isClosed }: Closed,
  machine: Machine,
): Promise<{ readonly path: string; readonly mode: number }[]> {
  const seen = await Promise.all(
    paths.map(async (path) => {
      if (isClosed && path.startsWith(`${dir}/`)) return [];
      const [file, folder] = await Promise.all([machine.look(path), machine.look(dirname(path))]);
      const mayEnter = isThere(folder) && (folder.mode & 0o001) !== 0;
      return isThere(file) && mayEnter && (file.mode & 0o004) !== 0 ? [{ path, mode: file.mode }] : [];
    }),
  );
  return seen.flat();
}
