import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { IgnoreFiles } from "../../../src/files/walk/ignore_files.ts";
import { IgnoreRules } from "../../../src/files/walk/ignore_rules.ts";
import { processorMs } from "../../support/processor_time.ts";
import { collect, describeItems, ENGINES, sourceRoot, TempDirectory } from "../file_engines.ts";

const SETS = `${"[a]".repeat(66)}z\n`;

/** Contents of two files, one in a directory of the other, that exceed a limit together. */
const EXCESSES: readonly [limit: string, lines: string, below: string][] = [
  ["10,000 rules", "x\n".repeat(5000), "x\n".repeat(5001)],
  ["1,048,576 characters in their rules", SETS.repeat(3000), SETS.repeat(3000)],
  ['16,384 wildcards and other characters between two "*"', "*a?b*\n".repeat(3000), "*a[bc]?*\n".repeat(3000)],
];

/** Rules within the limits, and directories in which they match as much as possible. */
const HOSTILE: readonly [title: string, lines: string, directories: string[]][] = [
  ["a long end", `*${"a".repeat(126)}?b?aaaaaaaa\n`.repeat(7543), []],
  ["a text between stars", `*${"a".repeat(100)}b*\n`.repeat(10_000), []],
  ["wildcards between stars", `*${"a".repeat(126)}?b*\n`.repeat(128), []],
  ["classes between stars", `*${"[[:alpha:]]".repeat(28)}b*\n`.repeat(62), []],
  ["many stars", `${"*a".repeat(50)}*b?\n`.repeat(10_000), []],
  ["sets", `${"[!b]".repeat(25)}z\n`.repeat(10_000), []],
  ["any depth", `**/${"*/".repeat(12)}x\n`.repeat(5000), Array(6).fill("a")],
];

for (const { title, make } of ENGINES) {
  describe(`a walk with hostile ignore files, ${title}`, () => {
    const engine = make();

    async function walk(path: string) {
      const roots = [sourceRoot(engine, path)];
      const ignoreFiles = () => new IgnoreFiles(engine.sourceReader(roots, { follow: false }), roots);
      return await collect(engine.walk(roots, { recursive: true, symlinks: "preserve", ignoreFiles }));
    }

    for (const [limit, lines, below] of EXCESSES) {
      it(`fails for a directory beyond ${limit}, and finds the others`, async () => {
        using temp = new TempDirectory();
        for (const path of ["deep/below", "other"]) temp.directory(path);
        temp.write(".gitignore", lines);
        temp.write("deep/.gitignore", below);
        for (const path of ["a", "deep/b", "deep/below/c", "other/d"]) temp.write(path);
        const items = await walk(temp.path);
        const reason = `the .gitignore files in and above it have more than ${limit}`;
        assertEquals(describeItems(items), [
          ...["directory ", "directory other", `failed Cannot copy "${temp.at("deep")}": ${reason}`],
          ...[`file .gitignore ${lines.length}`, "file a 0", "file other/d 0"].sort(),
        ]);
        const [hint] = items.flatMap((item) => item.type === "failed" ? [item.error.hint] : []);
        assertEquals(hint, "Exclude the directory with --exclude, or omit --exclude-ignore-files");
      });
    }

    it("fails for a directory beyond 200,000 partial matches, and finds the others", async () => {
      using temp = new TempDirectory();
      temp.directory(Array(12).fill("d").join("/"));
      temp.write(".gitignore", `**/${"*/".repeat(12)}x\n`.repeat(5000));
      temp.write("e");
      const items = describeItems(await walk(temp.path));
      const failed = items.filter((line) => line.startsWith("failed"));
      const path = temp.at(Array(7).fill("d").join("/"));
      const reason = "the .gitignore files in and above it have more than 200,000 partial matches on the path to it";
      assertEquals(failed, [`failed Cannot copy "${path}": ${reason}`]);
      assertEquals(items.filter((line) => line.startsWith("directory")).length, 7);
      assertEquals(items.at(-1), "file e 0");
    });

    it("accepts rules up to the limits, and any number of comments", async () => {
      using temp = new TempDirectory();
      temp.directory("deep/below");
      temp.directory("other");
      temp.write(".gitignore", "#\n\n".repeat(20_000) + "x\n".repeat(5000));
      for (const directory of ["deep", "other"]) temp.write(`${directory}/.gitignore`, "y\n".repeat(5000));
      for (const name of ["x", "y", "z"]) temp.write(`deep/below/${name}`);
      const items = describeItems(await walk(temp.path));
      assertEquals(items.filter((line) => !line.includes(".gitignore")), [
        ...["directory ", "directory deep", "directory deep/below", "directory other", "file deep/below/z 0"],
      ]);
    });
  });
}

describe("hostile rules of a .gitignore file", () => {
  for (const [title, lines, directories] of HOSTILE) {
    it(`take at most 100 ms per entry: ${title}`, () => {
      const rules = new IgnoreRules();
      for (const line of lines.split("\n")) rules.add(line);
      let states = rules.start();
      for (const name of directories) states = rules.enter(states, name);
      for (const name of ["a".repeat(255), "a".repeat(26)]) {
        // The garbage collector may run during one of them.
        const times = [1, 2, 3].map(() => processorMs(() => rules.test(states, name, false)));
        assert(Math.min(...times) < 100, `${times.join(", ")} ms`);
      }
    });
  }

  it("are parsed with yields to the event loop", async () => {
    using temp = new TempDirectory();
    temp.write(".gitignore", SETS.repeat(5242));
    const engine = ENGINES[0].make();
    const roots = [sourceRoot(engine, temp.path)];
    const files = new IgnoreFiles(engine.sourceReader(roots, { follow: false }), roots);
    const steps = files.enter(0, "");
    const times: number[] = [];
    for (let isDone = false; !isDone;) {
      let wait: Promise<void> | void = undefined;
      times.push(processorMs(() => {
        const { done = false, value } = steps.next();
        [isDone, wait] = [done, value];
      }));
      await wait;
    }
    files.close();
    times.sort((a, b) => b - a);
    assert(times.length > 3, `${times.length} steps`);
    // The garbage collector may run during one of them.
    assert(times[1] < 100, `${times.slice(0, 3).join(", ")} ms`);
  });

  it("longer than every name take no memory", () => {
    const rules = new IgnoreRules();
    for (const line of ["a".repeat(256), "?".repeat(256), `a/*${"[a]".repeat(256)}/b`]) rules.add(line);
    assertEquals(rules.cost.rules, 0);
    rules.add(`*${"?".repeat(255)}`);
    assertEquals(rules.test([], "a".repeat(255), false), true);
  });
});
