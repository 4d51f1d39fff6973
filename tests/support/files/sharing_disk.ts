/** Small disks with XFS, whose files can share blocks. Only root can mount them. */

import { createTempDirectory } from "./temp.ts";
import { run } from "./small_disk.ts";

/** Reason why no such disk can be mounted on this system; undefined if it can. */
export const sharingDiskProblem: string | undefined = await findProblem();

/** A mounted disk. Disposing unmounts it. */
export interface SharingDisk extends AsyncDisposable {
  readonly path: string;
  /** Returns the number of bytes that are in use. */
  used(): Promise<number>;
}

/** Mounts a disk of 512 MiB in a sparse image. */
export async function mountSharingDisk(): Promise<SharingDisk> {
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(await createTempDirectory());
  const [image, path] = [`${directory}/image`, `${directory}/disk`];
  await Deno.mkdir(path);
  await Deno.writeFile(image, new Uint8Array());
  await Deno.truncate(image, 512 << 20);
  await run("mkfs.xfs", "-q", "-m", "reflink=1", image);
  await run("mount", "-t", "xfs", "-o", "loop", image, path);
  stack.defer(() => run("umount", path));
  const opened = stack.move();
  return {
    path,
    async used() {
      await run("sync", "-f", path);
      const { stdout } = await new Deno.Command("df", { args: ["-B1", "--output=used", path] }).output();
      return Number(new TextDecoder().decode(stdout).split("\n")[1]);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function findProblem(): Promise<string | undefined> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "only root can mount";
  try {
    await using _ = await mountSharingDisk();
    return undefined;
  } catch (error) {
    return `cannot mount XFS: ${error instanceof Error ? error.message : error}`;
  }
}
