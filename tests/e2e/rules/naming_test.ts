import { assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { describeWithScene, rotatingVariants, type Scene, type Variant, variantName } from "../../support/scene.ts";
import type { TreeEntries } from "../../support/temp_tree.ts";

/** Every case has these to copy from; targets are relative to the same directory. */
const SOURCES: TreeEntries = {
  "from/file": "new",
  "from/other": "other",
  "from/dir/a": "a",
  "from/dir/sub/b": "b",
  "from/dir/empty": { directory: true },
};

interface Case {
  name: string;
  /** Besides SOURCES. */
  there?: TreeEntries;
  flags?: string[];
  sources: string[];
  target: string;
  /** What must come of it, where versions of scp differ: entries besides those there were; undefined for a refusal. */
  expected?: Record<string, string> | "refused";
}

const CASES: Case[] = [
  { name: "a file into a directory", there: { "to/x": "x" }, sources: ["from/file"], target: "to" },
  { name: "a file into a directory with a slash", there: { "to/x": "x" }, sources: ["from/file"], target: "to/" },
  { name: "a file into a directory named by a dot", there: { "to/x": "x" }, sources: ["from/file"], target: "to/." },
  { name: "a file to a new name", there: { "to/x": "x" }, sources: ["from/file"], target: "to/new" },
  { name: "a file over another", there: { "to/x": "old and longer" }, sources: ["from/file"], target: "to/x" },
  { name: "a file over one in a directory", there: { "to/file": "old" }, sources: ["from/file"], target: "to" },
  { name: "a file to a new name with a slash", sources: ["from/file"], target: "new/" },
  { name: "a file into a directory that is not there", sources: ["from/file"], target: "no/new" },
  { name: "a file below a file", there: { "to": "file" }, sources: ["from/file"], target: "to/new" },
  {
    name: "a file through a link to a directory",
    there: { "real/x": "x", "to": { link: "real" } },
    sources: ["from/file"],
    target: "to",
  },
  {
    name: "a file through a link to a file",
    there: { "real": "old", "to": { link: "real" } },
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
  { name: "a directory into a directory", there: { "to/x": "x" }, flags: ["-r"], sources: ["from/dir"], target: "to" },
  {
    name: "a directory with a slash into a directory",
    there: { "to/x": "x" },
    flags: ["-r"],
    sources: ["from/dir/"],
    target: "to/",
  },
  { name: "the contents of a directory", there: { "to/x": "x" }, flags: ["-r"], sources: ["from/dir/."], target: "to" },
  { name: "the contents of a directory to a new name", flags: ["-r"], sources: ["from/dir/."], target: "new" },
  {
    name: "a directory into one that is there already",
    there: { "to/dir/a": "old", "to/dir/sub/c": "c" },
    flags: ["-r"],
    sources: ["from/dir"],
    target: "to",
  },
  { name: "a directory onto a file", there: { "to": "file" }, flags: ["-r"], sources: ["from/dir"], target: "to" },
  { name: "an empty directory", flags: ["-r"], sources: ["from/dir/empty"], target: "new" },
  { name: "a directory without -r", sources: ["from/dir"], target: "new" },
  {
    name: "several sources into a directory",
    there: { "to/x": "x" },
    flags: ["-r"],
    sources: ["from/file", "from/dir", "from/other"],
    target: "to",
  },
  { name: "two sources onto a file", there: { "to": "file" }, sources: ["from/file", "from/other"], target: "to" },
  {
    name: "two sources onto a new name",
    sources: ["from/file", "from/other"],
    target: "new",
    expected: "refused",
  },
  { name: "a source that is not there", there: { "to/x": "x" }, sources: ["from/no"], target: "to" },
  {
    name: "a link to a file and a link to a directory",
    there: { "to/x": "x", "from/link": { link: "file" }, "from/links": { link: "dir" } },
    flags: ["-r"],
    sources: ["from/link", "from/links"],
    target: "to",
  },
];

describeWithScene("a copy has the names that scp gives it", (scene) => {
  CASES.forEach((each, index) => {
    it(each.name, async () => {
      await Promise.all(rotatingVariants(index).map((variant) => compareWithScp(scene, variant, each)));
    });
  });
});

async function compareWithScp(scene: Scene, variant: Variant, each: Case): Promise<void> {
  const { there = {}, flags = [], sources, target } = each;
  const at = (tree: string) => ({
    flags,
    sources: sources.map((path) => `${tree}/${path}`),
    target: `${tree}/${target}`,
  });
  const start = { ...SOURCES, ...there };
  const [expectedTree, tree] = await Promise.all([scene.tree(start), scene.tree(start)]);
  const before = await listTree(expectedTree);
  let expected: Outcome;
  if (each.expected === "refused") expected = { ok: false, tree: before };
  else if (each.expected) expected = { ok: true, tree: { ...before, ...each.expected } };
  else {
    // A local scp is cp, whose naming differs in some corners: locally escp does what it does over ssh.
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

/** @param args those of escp; the ones that scp does not have are left out. */
async function runScp(scene: Scene, args: string[]): Promise<boolean> {
  const operands = args.slice(args.indexOf("--") + 1);
  const flags = args.includes("-r") ? ["-r"] : [];
  const { success } = await new Deno.Command("scp", {
    args: [...scene.sshd.sshOptions, "-q", ...flags, ...operands],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}

/** Path -> contents; directories end with "/". Links are followed. */
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
