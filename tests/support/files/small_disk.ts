/** Small file systems in memory (tmpfs), which only root can mount. */

import { createTempDirectory } from "./temp.ts";

/** Reason why no such disk can be mounted on this system; undefined if it can. */
export const smallDiskProblem: string | undefined = await findProblem();

/** A mounted disk. Disposing unmounts it. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Changes mount options, such as "size=16m" or "ro". */
  remount(options: string): Promise<void>;
}

/**
 * Mounts a disk.
 *
 * @param options Options of mount(8), such as "size=8m".
 * @param path Existing directory to mount it on. Default: a temporary one.
 */
export async function mountSmallDisk(options: string, path?: string): Promise<SmallDisk> {
  const directory = path === undefined
    ? await createTempDirectory()
    : { path, [Symbol.asyncDispose]: () => Promise.resolve() };
  try {
    await run("mount", "-t", "tmpfs", "-o", options, "tmpfs", directory.path);
  } catch (error) {
    await directory[Symbol.asyncDispose]();
    throw error;
  }
  return {
    path: directory.path,
    remount: (options) => run("mount", "-o", `remount,${options}`, directory.path),
    async [Symbol.asyncDispose]() {
      await run("umount", "-l", directory.path);
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** Runs a program. @throws {Error} with its message if it fails. */
export async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, stdout: "null", stderr: "piped" }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

async function findProblem(): Promise<string | undefined> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "only root can mount";
  try {
    await using _ = await mountSmallDisk("size=1m");
    return undefined;
  } catch {
    return "tmpfs cannot be mounted on this system";
  }
}
