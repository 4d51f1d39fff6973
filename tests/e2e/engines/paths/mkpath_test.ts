import { assert, assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { walkFilesSync } from "../../../../scripts/walk_files.ts";
import { describeWithScene, variantName, VARIANTS } from "../../../support/scene.ts";
import type { TreeEntries } from "../../../support/files/temp_tree.ts";

const SOURCES: TreeEntries = { "f": "f", "g": "g", "large": { size: 5 << 20 }, "dir/a": "a", "dir/sub/b": "b" };

/** Sources and target of a copy, and the files that it makes. */
const CASES: { sources: string[]; target: string; made: string[] }[] = [
  { sources: ["f"], target: "new/deep/name", made: ["new/deep/name"] },
  { sources: ["large"], target: "new/deep/name", made: ["new/deep/name"] },
  { sources: ["f"], target: "new/deep/", made: ["new/deep/f"] },
  { sources: ["f"], target: "./new/./deep/", made: ["new/deep/f"] },
  { sources: ["f", "g"], target: "new/deep", made: ["new/deep/f", "new/deep/g"] },
  { sources: ["dir"], target: "new/deep", made: ["new/deep/a", "new/deep/sub/b"] },
  { sources: ["dir", "f"], target: "new/deep", made: ["new/deep/dir/a", "new/deep/dir/sub/b", "new/deep/f"] },
  { sources: ["dir/.", "f"], target: "new/deep", made: ["new/deep/a", "new/deep/f", "new/deep/sub/b"] },
  { sources: ["f"], target: "plain", made: ["plain"] },
  { sources: ["f"], target: "", made: ["f"] },
];

describeWithScene("--mkpath", { inProcess: true, umask: 0o027 }, (scene) => {
  for (const [turn, variant] of VARIANTS.entries()) {
    it(`creates the directories above the target (${variantName(variant)})`, async () => {
      for (const [index, { sources, target, made }] of CASES.entries()) {
        // Variants take turns. Each engine runs each case, in another direction than the other engine.
        if ((index + turn + Math.floor(turn / 3)) % 3 !== 0) continue;
        const tree = await scene.tree({ ...SOURCES, "to": { directory: true } });
        const flags = ["-r", "--mkpath", "--fsync"];
        const paths = sources.map((source) => `${tree}/${source}`);
        const dry = await scene.copy(variant, {
          flags: ["-r", "--mkpath", "-n"],
          sources: paths,
          target: `${tree}/to/${target}`,
        });
        assertEquals([dry.code, dry.stderr], [0, ""], target);
        assertEquals(files(`${tree}/to`), [], "a dry run creates nothing");
        const { code, stderr } = await scene.copy(variant, { flags, sources: paths, target: `${tree}/to/${target}` });
        assertEquals([code, stderr], [0, ""], target);
        assertEquals(files(`${tree}/to`), made, target);
        if (target.includes("new")) assertEquals(Deno.statSync(`${tree}/to/new`).mode! & 0o7777, 0o750, target);
      }
    });

    it(`is named where it is missing (${variantName(variant)})`, async () => {
      const tree = await scene.tree({ ...SOURCES, "to": { directory: true } });
      for (
        const [sources, target] of [[["f"], "new/name"], [["f"], "new/"], [["f", "g"], "new"], [
          ["dir"],
          "new/name",
        ]] as const
      ) {
        const { code, stderr } = await scene.copy(variant, {
          flags: ["-r"],
          sources: sources.map((source) => `${tree}/${source}`),
          target: `${tree}/to/${target}`,
        });
        assertEquals(code, 1);
        assertMatch(stderr, /^escp: Cannot .*: No such file or directory$/m);
        assertMatch(stderr, /^hint: .*--mkpath/m);
        assertEquals(files(`${tree}/to`), []);
      }
    });

    it(`does not create what a name or link obstructs (${variantName(variant)})`, async () => {
      const tree = await scene.tree({ ...SOURCES, "to/file": "file", "to/lost": { link: "nowhere" } });
      for (
        const target of [
          "file/new/name",
          "lost/new/name",
          "none/../new/name",
          "new/.escp-0123456789abcdef0123456789abcdef.part/name",
        ]
      ) {
        const { code, stderr } = await scene.copy(variant, {
          flags: ["--mkpath"],
          sources: [`${tree}/f`],
          target: `${tree}/to/${target}`,
        });
        assertEquals(code, 1, `${target}: ${stderr}`);
        assertEquals(files(`${tree}/to`), ["file", "lost"], target);
        assert(!stderr.includes("internal"), stderr);
      }
    });
  }
});

/** Returns the files of a tree. */
function files(directory: string): string[] {
  return Array.from(walkFilesSync(directory), ({ below }) => below).sort();
}
