/** File trees that tests describe as data. */

import { dirname, join } from "@std/path";
import { writeRandomFile } from "./random_bytes.ts";
import { createTempDirectory, type TempDirectory } from "./temp.ts";

/** Attributes of any entry. */
interface Attributes {
  /** Permission bits, such as 0o640. */
  mode?: number;
  mtime?: Date;
}

/** One entry of a tree. Text or bytes alone are a file with this content. */
export type TreeEntry =
  | string
  | Uint8Array
  | Attributes & { content: string | Uint8Array }
  /** Reproducible random bytes. The default seed is the path, so files differ. */
  | Attributes & { size: number; seed?: string | number }
  /** `pieces` of data at their offsets, with holes between them and up to `sparseSize`. */
  | Attributes & { sparseSize: number; pieces?: Record<number, string | Uint8Array> }
  | { link: string }
  | { hardLink: string }
  | Attributes & { directory: true };

/** Entries by relative path. Missing parent directories are created. */
export type TreeEntries = Record<string, TreeEntry>;

/** Age of files without an `mtime`. A file that was written a moment ago is not resumed. */
const AGE_SECONDS = 10;

/** Makes the tree in a temporary directory. Disposing removes it. */
export async function createTempTree(entries: TreeEntries): Promise<TempDirectory> {
  const directory = await createTempDirectory();
  try {
    await writeTree(directory.path, entries);
    return directory;
  } catch (error) {
    await directory[Symbol.asyncDispose]();
    throw error;
  }
}

/** Makes the tree in `root`, which is created if missing. Existing files are replaced. */
export async function writeTree(root: string, entries: TreeEntries): Promise<void> {
  await Deno.mkdir(root, { recursive: true });
  const written: [path: string, attributes: Attributes][] = [];
  for (const [name, entry] of Object.entries(entries)) {
    const path = join(root, name);
    await Deno.mkdir(dirname(path), { recursive: true });
    await writeEntry(root, path, name, entry);
    if (isFile(entry)) {
      const then = Date.now() / 1000 - AGE_SECONDS;
      Deno.utimeSync(path, then, then);
    }
    if (typeof entry === "object" && ("mode" in entry || "mtime" in entry)) written.push([path, entry]);
  }
  // Last and deepest first: writing changes the time of a directory, and a directory without permissions cannot be entered.
  written.sort(([a], [b]) => b.split("/").length - a.split("/").length);
  for (const [path, { mode, mtime }] of written) {
    if (mtime !== undefined) await Deno.utime(path, mtime, mtime);
    if (mode !== undefined) await Deno.chmod(path, mode);
  }
}

function isFile(entry: TreeEntry): boolean {
  return typeof entry === "string" || ["content", "size", "sparseSize", "length"].some((key) => key in entry);
}

async function writeEntry(root: string, path: string, name: string, entry: TreeEntry): Promise<void> {
  if (typeof entry === "string" || entry instanceof Uint8Array) await writeContent(path, entry);
  else if ("content" in entry) await writeContent(path, entry.content);
  else if ("size" in entry) await writeRandomFile(path, entry.size, entry.seed ?? name);
  else if ("sparseSize" in entry) await writeSparse(path, entry.sparseSize, entry.pieces ?? {});
  else if ("link" in entry) await Deno.symlink(entry.link, path);
  else if ("hardLink" in entry) await Deno.link(join(root, entry.hardLink), path);
  else await Deno.mkdir(path, { recursive: true });
}

async function writeContent(path: string, content: string | Uint8Array): Promise<void> {
  await Deno.writeFile(path, toBytes(content));
}

async function writeSparse(path: string, size: number, pieces: Record<number, string | Uint8Array>): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  for (const [offset, content] of Object.entries(pieces)) {
    await file.seek(Number(offset), Deno.SeekMode.Start);
    const bytes = toBytes(content);
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  }
  await file.truncate(size);
}

function toBytes(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}
