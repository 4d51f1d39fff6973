/** Makes a bundle independent of the path of the clone and of the time, so that its executables have equal checksums. */

import { walkFiles } from "../walk_files.ts";

/** Names that contain a hash, which depends on the path of the clone. */
const HASHED = /\b([\w.]+)-[A-Z0-9]{8}\.js\b/g;

/** Renames the chunks of a bundle by their contents, and sets all modification times to 0. */
export async function stabilizeBundle(directory: string): Promise<void> {
  const texts = new Map<string, string>();
  for await (const { path } of walkFiles(directory)) texts.set(path, await Deno.readTextFile(path));
  const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);
  const chunks = new Map([...texts].map(([path, text]) => [nameOf(path), text]));
  const names = await stableNames(chunks);
  for (const [path, text] of texts) {
    const name = nameOf(path);
    const renamed = path.slice(0, -name.length) + (names.get(name) ?? name);
    await Deno.remove(path);
    await Deno.writeTextFile(renamed, text.replaceAll(HASHED, (found) => names.get(found) ?? found));
    await Deno.utime(renamed, 0, 0);
  }
}

/**
 * Returns the new name of each module whose name contains a hash.
 *
 * @param texts Modules by their names. Names of other modules in a text do not affect its new name.
 * @throws {Error} If two modules differ only in such names.
 */
export async function stableNames(texts: ReadonlyMap<string, string>): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const [name, text] of texts) {
    const stem = new RegExp(`^${HASHED.source}$`).exec(name)?.[1];
    if (stem === undefined) continue;
    const masked = text.replaceAll(HASHED, (found, other) => texts.has(found) ? `${other}.js` : found);
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(masked));
    const stable = `${stem}-${new Uint8Array(digest).toHex().slice(0, 8).toUpperCase()}.js`;
    if (taken.has(stable)) throw new Error(`Cannot rename ${name}: another module has the same contents`);
    taken.add(stable);
    names.set(name, stable);
  }
  return names;
}
