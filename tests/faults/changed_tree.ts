/** Random changes of a tree: what happens to a directory between two backups. */

import { dirname, join } from "@std/path";
import { pathsIn } from "../support/files/paths_in.ts";
import { RandomBytes, randomBytes } from "../support/files/random_bytes.ts";

/** Time of the last change, so that no two changes have the same time on any machine. */
let seconds = 1_000_000_000;

/** Changes up to a third of the entries of a tree. */
export function changeTree(root: string, random: RandomBytes): void {
  const paths = pathsIn(root);
  for (let changes = 3 + random.below(1 + paths.length / 3); changes > 0; changes--) {
    const path = join(root, paths[random.below(paths.length)]);
    const info = lstat(path);
    // An earlier change has removed it.
    if (!info || !lstat(dirname(path))?.isDirectory) continue;
    CHANGES[random.below(CHANGES.length)]({ root, path, info, random });
  }
}

interface Changed {
  root: string;
  path: string;
  info: Deno.FileInfo;
  random: RandomBytes;
}

const CHANGES: ((changed: Changed) => void)[] = [
  ({ path }) => remove(path),
  ({ path, random }) => Deno.renameSync(path, newName(path, random)),
  ({ path, random }) => writeFile(newName(path, random), random),
  ({ path, random }) => {
    const directory = newName(path, random);
    Deno.mkdirSync(directory);
    if (random.below(2) === 0) writeFile(join(directory, "inner"), random);
  },
  ({ path, random }) => Deno.symlinkSync(random.below(2) === 0 ? "nowhere" : ".", newName(path, random)),
  ({ path, info, random }) => {
    if (info.isFile) writeFile(path, random, random.below(2) === 0 ? info.size : undefined);
  },
  ({ path, info, random }) => {
    if (!info.isSymlink) Deno.chmodSync(path, (info.isDirectory ? 0o700 : 0o600) | random.below(0o200));
  },
  ({ path, info }) => {
    if (!info.isSymlink) touch(path);
  },
  ({ path, info, random }) => {
    if (info.isFile) Deno.linkSync(path, newName(path, random));
  },
  // An entry of another kind.
  ({ path, info, random }) => {
    remove(path);
    if (info.isDirectory || random.below(3) === 0) return writeFile(path, random);
    if (random.below(2) === 0) return Deno.symlinkSync("..", path);
    Deno.mkdirSync(path);
    writeFile(join(path, "inner"), random);
  },
];

function newName(path: string, random: RandomBytes): string {
  return join(dirname(path), `new ${random.next()}`);
}

function writeFile(path: string, random: RandomBytes, size = random.below(40_000)): void {
  Deno.writeFileSync(path, randomBytes(size, random.next()));
  touch(path);
}

function touch(path: string): void {
  seconds++;
  Deno.utimeSync(path, seconds, seconds);
}

function remove(path: string): void {
  Deno.removeSync(path, { recursive: true });
}

function lstat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch {
    return undefined;
  }
}
