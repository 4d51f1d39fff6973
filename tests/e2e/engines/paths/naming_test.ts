import { assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { describeWithScene, rotatingVariants, type Scene, type Variant, variantName } from "../../../support/scene.ts";
import type { TreeEntries } from "../../../support/files/temp_tree.ts";

/** Sources of each case. Targets are relative to the same directory. */
const SOURCES: TreeEntries = {
  "from/file": "new",
  "from/other": "other",
  "from/dir/a": "a",
  "from/dir/sub/b": "b",
  "from/dir/empty": { directory: true },
};

interface Case {
  name: string;
  /** Entries besides SOURCES. */
  present?: TreeEntries;
  flags?: string[];
  sources: string[];
  target: string;
  /** New entries, for cases in which versions of scp differ. Default: the outcome of scp. */
  expected?: Record<string, string> | "refused";
}

const CASES: Case[] = [
  { name: "a file into a directory", present: { "to/x": "x" }, sources: ["from/file"], target: "to" },
  { name: "a file into a directory with a slash", present: { "to/x": "x" }, sources: ["from/file"], target: "to/" },
  { name: "a file into a directory named by a dot", present: { "to/x": "x" }, sources: ["from/file"], target: "to/." },
  { name: "a file to a new name", present: { "to/x": "x" }, sources: ["from/file"], target: "to/new" },
  { name: "a file over another", present: { "to/x": "old and longer" }, sources: ["from/file"], target: "to/x" },
  { name: "a file over one in a directory", present: { "to/file": "old" }, sources: ["from/file"], target: "to" },
  { name: "a file to a new name with a slash", sources: ["from/file"], target: "new/" },
  { name: "a file into a missing directory", sources: ["from/file"], target: "no/new" },
  { name: "a file below a file", present: { "to": "file" }, sources: ["from/file"], target: "to/new" },
  {
    name: "a file through a link to a directory",
    present: { "real/x": "x", "to": { link: "real" } },
    sources: ["from/file"],
    target: "to",
  },
  {
    name: "a file through a link to a file",
    present: { "real": "old", "to": { link: "real" } },
    sources: ["from/file"],
    target: "to",
  },
  { name: "a directory to a new name", flags: ["-r"], sources: ["from/dir"], target: "new" },
  { name: "a directory with a slash to a new name", flags: ["-r"], sources: ["from/dir/"], target: "new" },
  {
    name: "a directory to a new name with a slash",
    flags: ["-r"],
    sources: ["from/dir"],
    target: "new/",
    expected: { "new/": "", "new/a": "a", "new/empty/": "", "new/sub/": "", "new/sub/b": "b" },
  },
  {
    name: "a directory into a directory",
    present: { "to/x": "x" },
    flags: ["-r"],
    sources: ["from/dir"],
    target: "to",
  },
  {
    name: "a directory with a slash into a directory",
    present: { "to/x": "x" },
    flags: ["-r"],
    sources: ["from/dir/"],
    target: "to/",
  },
  {
    name: "the contents of a directory",
    present: { "to/x": "x" },
    flags: ["-r"],
    sources: ["from/dir/."],
    target: "to",
  },
  { name: "the contents of a directory to a new name", flags: ["-r"], sources: ["from/dir/."], target: "new" },
  {
    name: "a directory into an existing one",
    present: { "to/dir/a": "old", "to/dir/sub/c": "c" },
    flags: ["-r"],
    sources: ["from/dir"],
    target: "to",
  },
  { name: "a directory onto a file", present: { "to": "file" }, flags: ["-r"], sources: ["from/dir"], target: "to" },
  { name: "an empty directory", flags: ["-r"], sources: ["from/dir/empty"], target: "new" },
  { name: "a directory without -r", sources: ["from/dir"], target: "new" },
  {
    name: "several sources into a directory",
    present: { "to/x": "x" },
    flags: ["-r"],
    sources: ["from/file", "from/dir", "from/other"],
    target: "to",
  },
  { name: "two sources onto a file", present: { "to": "file" }, sources: ["from/file", "from/other"], target: "to" },
  {
    name: "two sources onto a new name",
    sources: ["from/file", "from/other"],
    target: "new",
    expected: "refused",
  },
  { name: "a missing source", present: { "to/x": "x" }, sources: ["from/no"], target: "to" },
  {
    name: "a link to a file and a link to a directory",
    present: { "to/x": "x", "from/link": { link: "file" }, "from/links": { link: "dir" } },
    flags: ["-r"],
    sources: ["from/link", "from/links"],
    target: "to",
  },
];

// A copy in this process replaces Deno.Command while it runs, which may be at the same time.
const { Command } = Deno;

describeWithScene("a copy has the names that scp gives to it", { inProcess: true }, (scene) => {
  CASES.forEach((each, index) => {
    it(each.name, async () => {
      await Promise.all(rotatingVariants(index).map((variant) => compareWithScp(scene, variant, each)));
    });
  });
});

async function compareWithScp(scene: Scene, variant: Variant, each: Case): Promise<void> {
  const { present = {}, flags = [], sources, target } = each;
  const at = (tree: string) => ({
    flags,
    sources: sources.map((path) => `${tree}/${path}`),
    target: `${tree}/${target}`,
  });
  const start = { ...SOURCES, ...present };
  const [expectedTree, tree] = await Promise.all([scene.tree(start), scene.tree(start)]);
  const before = await listTree(expectedTree);
  let expected: Outcome;
  if (each.expected === "refused") expected = { ok: false, tree: before };
  else if (each.expected) expected = { ok: true, tree: { ...before, ...each.expected } };
  else {
    // A local scp runs cp, whose names differ in some cases. A local escp names files like over ssh.
    const direction = variant.direction === "pull" ? "pull" : "push";
    const ok = await runScp(scene, scene.args({ ...variant, direction }, at(expectedTree)));
    expected = { ok, tree: await listTree(expectedTree) };
  }
  const { code, stderr } = await scene.copy(variant, at(tree));
  const actual = { ok: code === 0, tree: await listTree(tree) };
  const context = `${variantName(variant)}: exit status ${code}, ${stderr}`;
  assertEquals(actual, expected, context);
  assertEquals(code, expected.ok ? 0 : 1, context);
  assertEquals(stderr === "", expected.ok, context);
}

interface Outcome {
  ok: boolean;
  tree: Record<string, string>;
}

/** Runs scp. @param args Arguments of escp; options that scp lacks are removed. */
async function runScp(scene: Scene, args: string[]): Promise<boolean> {
  const operands = args.slice(args.indexOf("--") + 1);
  const flags = args.includes("-r") ? ["-r"] : [];
  const { success } = await new Command("scp", {
    args: [...scene.sshd.sshOptions, "-q", ...flags, ...operands],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}

/** Returns contents by path. Paths of directories end in "/". Links are followed. */
async function listTree(root: string, below = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name } of Deno.readDir(`${root}/${below}`)) {
    const path = below + name;
    const isDirectory = (await Deno.stat(`${root}/${path}`)).isDirectory;
    found[isDirectory ? `${path}/` : path] = isDirectory ? "" : await Deno.readTextFile(`${root}/${path}`);
    if (isDirectory) Object.assign(found, await listTree(root, `${path}/`));
  }
  return found;
}
