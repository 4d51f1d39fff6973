/** Writes the files of a release next to its executables. */

import type { Target } from "../targets.ts";
import { type ArchivedFile, tarGz, zipFile } from "./archives.ts";
import { generatedDocuments, projectDocuments } from "./documents.ts";
import { mainPackage, systemPackage } from "./npm_packages.ts";

/** A compiled executable. */
export interface BuiltExecutable {
  target: Pick<Target, "system" | "extension">;
  /** Path in the directory of the release. */
  path: string;
}

/** Where a release is written, and from what. */
export interface ReleaseOptions {
  /** Directory of the project. */
  root: string;
  /** Directory of the release. */
  directory: string;
  version: string;
}

/**
 * Writes an archive and an npm package per executable, the npm package `escp`, the manual page and the completion scripts, and
 * SHA256SUMS with a line for each file.
 */
export async function writeRelease(built: readonly BuiltExecutable[], options: ReleaseOptions): Promise<void> {
  const { root, directory, version } = options;
  const sums: string[] = [];
  const addSum = async (name: string, contents: Uint8Array<ArrayBuffer>) => {
    const digest = await crypto.subtle.digest("SHA-256", contents);
    sums.push(`${new Uint8Array(digest).toHex()}  ${name}\n`);
  };
  const write = async (name: string, contents: Uint8Array) => {
    await Deno.writeFile(`${directory}/${name}`, contents);
    await addSum(name, new Uint8Array(contents));
  };
  await Deno.mkdir(`${directory}/completions`, { recursive: true });
  await Deno.mkdir(`${directory}/npm`, { recursive: true });

  const documents = await projectDocuments(root);
  const generated = generatedDocuments();
  const npm = { version, documents };
  for (const { target, path } of built) {
    const executable = await Deno.readFile(path);
    await addSum(path.slice(path.lastIndexOf("/") + 1), executable);
    // Both are compressed in threads of the runtime.
    const [archive, { name, contents }] = await Promise.all([
      archiveOf(target, executable, [...documents, ...generated], version),
      systemPackage(target, executable, npm),
    ]);
    await write(archive.name, archive.contents);
    await write(`npm/${name}`, contents);
  }
  const { name, contents } = await mainPackage(npm);
  await write(`npm/${name}`, contents);
  for (const document of generated) await write(document.name, document.contents);
  await Deno.writeTextFile(`${directory}/SHA256SUMS`, sums.join(""));
}

/** Returns the archive of an executable and its documents, in one directory. */
export async function archiveOf(
  { system, extension }: Pick<Target, "system" | "extension">,
  executable: Uint8Array<ArrayBuffer>,
  documents: readonly ArchivedFile[],
  version: string,
): Promise<{ name: string; contents: Uint8Array }> {
  const directory = `escp-${version}-${system}`;
  const files = [{ name: `escp${extension}`, contents: executable, isExecutable: true }, ...documents]
    .map((file) => ({ ...file, name: `${directory}/${file.name}` }));
  const isWindows = system.startsWith("windows-");
  return {
    name: `${directory}${isWindows ? ".zip" : ".tar.gz"}`,
    contents: await (isWindows ? zipFile(files) : tarGz(files)),
  };
}
