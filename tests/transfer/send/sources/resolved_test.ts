import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { loadFileEngine } from "../../../../src/files/load_engine.ts";
import { findSources } from "../../../../src/transfer/send/sources/resolved.ts";
import { createTempDirectory } from "../../../support/files/temp.ts";
import { createTempTree } from "../../../support/files/temp_tree.ts";

/** Returns the names of the sources that operands on Windows stand for. Failures are returned as messages. */
async function namesOnWindows(base: string, ...operands: string[]): Promise<string[]> {
  const options = { base, tilde: false, globs: false, recursive: true, style: "windows" } as const;
  const failures: string[] = [];
  const { paths } = (await loadFileEngine("portable")).engine;
  const requested = operands.map((path) => ({ path, literal: false }));
  const { roots } = await findSources(requested, options, paths, ({ message }) => void failures.push(message));
  return [...roots.map(({ name }) => name), ...failures];
}

/** More directories than a search visits before it yields. */
const SLOW_MS = 15;

describe("findSources", () => {
  it("yields to the event loop while a pattern is searched, also with a callback that does not wait", async () => {
    await using directory = await createTempDirectory();
    for (let index = 0; index < 10; index++) await Deno.mkdir(`${directory.path}/${index}/empty`, { recursive: true });
    const state = { searched: 0, yielded: false };
    const timer = setTimeout(() => state.yielded = true, 0);
    const turn = () => {
      state.searched++;
      for (const until = performance.now() + SLOW_MS; performance.now() < until;);
    };
    const options = { base: directory.path, tilde: false, globs: true, recursive: true, turn };
    const { paths } = (await loadFileEngine("portable")).engine;
    const found = await findSources([{ path: "*/em*", literal: false }], options, paths, () => {});
    clearTimeout(timer);
    assertEquals(found.roots.length, 10);
    assert(state.searched >= 10);
    assert(state.yielded);
  });
});

describe("operands on Windows", () => {
  const TREE = { "one.txt": "", "Two.TXT": "", "b[1].log": "", ".hidden": "", "sub/three.txt": "" };

  it("are expanded by escp: * and ?, in any case, and *.* for all names", async () => {
    await using tree = await createTempTree(TREE);
    const { path } = tree;
    assertEquals(await namesOnWindows(path, "*.txt"), ["Two.TXT", "one.txt"]);
    assertEquals(await namesOnWindows(path, "?NE.*"), ["one.txt"]);
    assertEquals(await namesOnWindows(path, "*.*"), [".hidden", "Two.TXT", "b[1].log", "one.txt", "sub"]);
    assertEquals(await namesOnWindows(path, "b[1]*"), ["b[1].log"]);
    assertEquals(await namesOnWindows(`${path}/sub`, `${path}/*.txt`), ["Two.TXT", "one.txt"]);
    assertEquals(await namesOnWindows(path, "s*/*.txt", "**/three*"), ["three.txt", "three.txt"]);
  });

  it("without a match or a wildcard are paths", async () => {
    await using tree = await createTempTree(TREE);
    assertEquals(await namesOnWindows(tree.path, "b[1].log"), ["b[1].log"]);
    assertEquals(await namesOnWindows(tree.path, "*.jpg"), ['Cannot read "*.jpg": No such file or directory']);
  });
});
