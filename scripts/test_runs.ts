/** Which test files run in one process. */

import { isAbsolute } from "@std/path";

/** A file with tests. */
export interface TestFile {
  path: string;
  bytes: number;
}

/** One process of `deno test`. */
export interface TestRun {
  /** For people. */
  name: string;
  files: string[];
}

/** Directories whose tests start processes of their own and wait for them: their files run one in a process. */
const SLOW = /(^|\/)tests\/(e2e|faults|transfer)\//;

/**
 * The quick ones together, for whom a process of their own would cost more than it saves, then the others one by one, the
 * largest first: they take longest.
 */
export function planRuns(files: readonly TestFile[]): TestRun[] {
  const quick = files.filter(({ path }) => !SLOW.test(path)).map(({ path }) => path);
  const slow = files.filter(({ path }) => SLOW.test(path)).toSorted((a, b) => b.bytes - a.bytes);
  const alone = slow.map(({ path }) => ({ name: path, files: [path] }));
  return quick.length > 0 ? [{ name: "the quick ones", files: quick }, ...alone] : alone;
}

/** Files named by themselves, and those below directories whose name ends in "_test.ts"; paths as given. */
export async function findTestFiles(root: URL, paths: readonly string[]): Promise<TestFile[]> {
  const found: TestFile[] = [];
  for (const path of paths) {
    const { isDirectory, size } = await Deno.stat(isAbsolute(path) ? path : new URL(path, root));
    if (isDirectory) {
      const directory = path.replace(/\/$/, "");
      for await (const { name, isDirectory } of Deno.readDir(isAbsolute(path) ? directory : new URL(directory, root))) {
        if (!isDirectory && !name.endsWith("_test.ts")) continue;
        found.push(...await findTestFiles(root, [`${directory}/${name}`]));
      }
    } else found.push({ path, bytes: size });
  }
  return found;
}
