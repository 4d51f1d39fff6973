import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { IgnoreFiles } from "../../../src/files/walk/ignore_files.ts";
import { IgnoreRules } from "../../../src/files/walk/ignore_rules.ts";
import { textLines } from "../../../src/text_lines.ts";
import type { FileEngine } from "../../../src/files/engine/engine.ts";
import type { WalkOptions } from "../../../src/files/engine/source.ts";
import { collect, describeItems, ENGINES, isRoot, sourceRoot, TempDirectory } from "../file_engines.ts";

/** Returns which paths the lines ignore; a path that ends in "/" is a directory. */
function ignored(lines: string, ...paths: string[]): string[] {
  const rules = rulesOf(lines);
  return paths.filter((path) => {
    const above = path.replace(/\/$/, "").split("/");
    const name = above.pop()!;
    const states = above.reduce((states, name) => rules.enter(states, name), rules.start());
    return rules.test(states, name, path.endsWith("/"));
  });
}

function rulesOf(lines: string): IgnoreRules {
  const rules = new IgnoreRules();
  for (const line of textLines(lines)) rules.add(line);
  return rules;
}

/** Cases of gitignore(5), and of what git does with unusual lines. */
const CASES: readonly [lines: string, paths: string[], ignored: string[]][] = [
  ["", ["a"], []],
  ["\n# a\n\r\n", ["a", "# a"], []],
  ["hello.*", ["hello.txt", "a/hello.java", "hello"], ["hello.txt", "a/hello.java"]],
  ["/hello.*", ["hello.txt", "a/hello.java"], ["hello.txt"]],
  ["foo/", ["foo", "foo/", "a/foo/", "a/foo"], ["foo/", "a/foo/"]],
  ["doc/frotz", ["doc/frotz", "a/doc/frotz"], ["doc/frotz"]],
  ["/doc/frotz", ["doc/frotz", "a/doc/frotz"], ["doc/frotz"]],
  ["doc/frotz/", ["doc/frotz", "doc/frotz/", "a/doc/frotz/"], ["doc/frotz/"]],
  ["frotz/", ["frotz/", "a/frotz/"], ["frotz/", "a/frotz/"]],
  ["foo/*", ["foo/test.json", "foo/bar/", "foo/bar/hello.c"], ["foo/test.json", "foo/bar/"]],
  ["**/foo", ["foo", "a/foo", "a/b/foo/"], ["foo", "a/foo", "a/b/foo/"]],
  ["**/foo/bar", ["foo/bar", "a/foo/bar", "foo/x/bar"], ["foo/bar", "a/foo/bar"]],
  ["abc/**", ["abc/", "abc/x", "abc/x/y", "x/abc/y"], ["abc/x", "abc/x/y"]],
  ["a/**/b", ["a/b", "a/x/b", "a/x/y/b", "b"], ["a/b", "a/x/b", "a/x/y/b"]],
  ["a**b", ["ab", "axxb", "a/b", "d/acb"], ["ab", "axxb", "d/acb"]],
  ["**", ["a", "a/b/"], ["a", "a/b/"]],
  ["*\n!*/\n!*.c", ["a", "a/", "b.c", "a/b.c"], ["a"]],
  ["*.html\n!foo.html", ["foo.html", "bar.html", "a/foo.html"], ["bar.html"]],
  ["!a\na", ["a"], ["a"]],
  ["\\#a\n\\!b", ["#a", "!b", "a", "b"], ["#a", "!b"]],
  ["a \nb\\ \nc\\  ", ["a", "a ", "b ", "b", "c ", "c  "], ["a", "b ", "c "]],
  ["  a", ["a", "  a"], ["  a"]],
  ["a\t", ["a", "a\t"], ["a\t"]],
  ["a\r\n", ["a"], ["a"]],
  ["\ufeffa", ["a"], ["a"]],
  ["a?[b-d]", ["axb", "a/b", "axe", "axbx"], ["axb"]],
  ["[!a]\n[^b]c", ["a", "b", "bc", "cc"], ["b", "cc"]],
  ["[]a]", ["]", "a", "b"], ["]", "a"]],
  ["[[:digit:]]", ["1", "a"], ["1"]],
  ["{a,b}", ["a", "{a,b}"], ["{a,b}"]],
  ["\\{a", ["{a"], ["{a"]],
  ["{a\n[{]", ["{a", "{"], ["{a", "{"]],
  [".*", [".a", "a", "b/.a/"], [".a", "b/.a/"]],
  ["?", ["a", ".", "ab"], ["a"]],
  ["[a\nb\\\n/\n//c\nd//\n./e\n../f\ng//h\n[[:x:]]\n!", ["[a", "b\\", "b", "c", "d", "e", "f", "g/h", "x", ""], []],
  ["a\\b", ["ab", "a\\b"], ["ab"]],
];

describe("the rules of a .gitignore file", () => {
  for (const [lines, paths, expected] of CASES) {
    it(`ignore ${JSON.stringify(expected)} by ${JSON.stringify(lines)}`, () =>
      assertEquals(ignored(lines, ...paths), expected));
  }
});

/** A tree with nested files, which has a file for each way in which rules combine. */
const TREE: Record<string, string> = {
  ".gitignore": "*.o\n/build\n!keep.o\nnode_modules/\n/a/**/x\n*.log\n!/logs/*.log\nq*\n!qa\n*~\n{z}\n[\n# x\n",
  ...{ "m.o": "", "keep.o": "", "build/x": "", "build/keep.o": "", "sub/build/x": "", "node_modules/y": "" },
  ...{ "sub/node_modules/z/keep.o": "", "file/node_modules": "", "a/x": "", "a/b/x": "", "a/b/c/x": "", "a/y": "" },
  ...{ "one.log": "", "logs/two.log": "", "logs/deep/three.log": "", "q": "", "qa": "", "qab": "", "e~": "", "z": "" },
  "sub/.gitignore": "!m.o\nonly-here\n/anchored\n*.log\n!important.log\n",
  ...{
    "sub/m.o": "",
    "sub/deep/m.o": "",
    "sub/n.o": "",
    "only-here": "",
    "sub/only-here": "",
    "sub/deep/only-here": "",
  },
  ...{ "sub/anchored": "", "sub/deep/anchored": "", "sub/important.log": "", "sub/deep/important.log": "" },
  "sub/deep/.gitignore": "*\n!.gitignore\n!m.*\n",
  "white/.gitignore": "*\n!*/\n!*.c\n!.gitignore\n",
  ...{ "white/a.c": "", "white/a.h": "", "white/d/b.c": "", "white/d/b.h": "" },
  "cut/.gitignore": "/d\n!/d/keep\n",
  ...{ "cut/d/keep": "", "cut/e": "" },
  "bad/.gitignore/file": "",
  ...{ "bad/a.o": "", "bad/b": "", ".hidden": "", "{z}": "" },
};

function writeTree(temp: TempDirectory): void {
  for (const [path, text] of Object.entries(TREE)) {
    temp.directory(path.slice(0, Math.max(0, path.lastIndexOf("/"))));
    temp.write(path, text);
  }
}

async function git(directory: string, ...args: string[]): Promise<string> {
  const env = {
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    HOME: directory,
    PATH: Deno.env.get("PATH")!,
  };
  const command = new Deno.Command("git", { args: ["-C", directory, ...args], clearEnv: true, env, stderr: "inherit" });
  const { success, stdout } = await command.output();
  if (!success) throw new Error(`git ${args.join(" ")} failed`);
  return new TextDecoder().decode(stdout);
}

function hasGit(): boolean {
  try {
    return new Deno.Command("git", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}
const why = hasGit() ? "" : " (skipped: git is missing)";

for (const { title, make } of ENGINES) {
  describe(`a walk with ignore files, ${title}`, () => {
    const engine = make();

    it(`finds the same files as git${why}`, { ignore: why !== "" }, async () => {
      using temp = new TempDirectory();
      writeTree(temp);
      await git(temp.path, "init", "-q");
      const listed = await git(temp.path, "ls-files", "-z", "--others", "--exclude-standard");
      assertEquals(await walkedFiles(engine, temp.path), listed.split("\0").filter((path) => path !== "").sort());
    });

    it("reads the files of each root separately, and enters no ignored directory", async () => {
      using temp = new TempDirectory();
      temp.directory("one/sub");
      temp.directory("two/sub");
      temp.write("one/.gitignore", "a\nsub\n");
      for (const path of ["one/a", "one/sub/b", "two/a", "two/sub/b"]) temp.write(path);
      const roots = ["one", "two"].map((name) => sourceRoot(engine, temp.at(name)));
      const items = await collect(engine.walk(roots, options(engine, roots)));
      assertEquals(describeItems(items).sort(), [
        ...["directory ", "directory ", "directory sub", "file .gitignore 6", "file a 0", "file sub/b 0"],
      ]);
    });

    it("fails for a directory whose file cannot be read", { ignore: isRoot }, async () => {
      using temp = new TempDirectory();
      temp.directory("sub");
      temp.write("sub/.gitignore", "a", 0);
      temp.write("sub/b");
      const [root, ...rest] = describeItems(await walk(engine, temp.path));
      assertEquals([root, rest.length], ["directory ", 1]);
      assertEquals(rest[0], `failed Cannot read "${temp.at("sub/.gitignore")}": Permission denied`);
    });

    it("fails for a directory whose file is larger than 1 MiB", async () => {
      using temp = new TempDirectory();
      temp.directory("at");
      temp.directory("above");
      temp.write("at/.gitignore", "#".repeat((1 << 20) - 2) + "\nb");
      temp.write("above/.gitignore", "#".repeat((1 << 20) - 1) + "\nb");
      for (const path of ["at/b", "at/c", "above/b"]) temp.write(path);
      const lines = describeItems(await walk(engine, temp.path));
      assertEquals(lines.filter((line) => !line.startsWith("failed")), [
        ...["directory ", "directory at", `file at/.gitignore ${1 << 20}`, "file at/c 0"],
      ]);
      assertEquals(
        lines.filter((line) => line.startsWith(`failed Cannot read "${temp.at("above/.gitignore")}`)).length,
        1,
      );
    });
  });
}

function options(engine: FileEngine, roots: ReturnType<typeof sourceRoot>[]): WalkOptions {
  const ignoreFiles = () => new IgnoreFiles(engine.sourceReader(roots, { follow: false }), roots);
  return { recursive: true, symlinks: "preserve", ignoreFiles };
}

async function walk(engine: FileEngine, path: string) {
  const roots = [sourceRoot(engine, path)];
  return await collect(engine.walk(roots, options(engine, roots)));
}

/** Returns the files that a walk finds, without those of git. */
async function walkedFiles(engine: FileEngine, path: string): Promise<string[]> {
  return describeItems(await walk(engine, path)).flatMap((line) => {
    const [, file] = /^file (.*) \d+$/.exec(line) ?? [];
    return file === undefined || file.startsWith(".git/") ? [] : [file];
  }).sort();
}
