import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { runEscp } from "../../../support/escp/escp_command.ts";
import { lastEvent } from "../../../support/escp/json_events.ts";
import { compareTrees } from "../../../support/files/compare_trees.ts";
import { pathsIn } from "../../../support/files/paths_in.ts";
import {
  type Copy,
  describeWithScene,
  rotatingVariants,
  type Variant,
  variantName,
  VARIANTS,
} from "../../../support/scene.ts";

const SOURCE = { "s/a": "a", "s/sub/b": "b", "s/sub/large": { size: 3 << 20, seed: 1 }, "s/l": { link: "sub" } };
const EXTRA = {
  "t/s/x": "x",
  "t/s/gone/deep/y": "y",
  "t/s/gone/z": "z",
  "t/s/sub/old": "old",
  "t/s/sub/dir": { directory: true },
  "t/s/out": { link: "../../outside" },
  "t/beside": "beside",
  "outside/kept": "kept",
} as const;
const EXTRAS = ["gone/", "gone/deep/", "gone/deep/y", "gone/z", "out", "sub/dir/", "sub/old", "x"];

describeWithScene("--delete", { inProcess: true }, (scene) => {
  const copyOf = (tree: string, ...flags: string[]): Copy => ({
    flags: ["-a", "--delete", ...flags],
    sources: [`${tree}/s`],
    target: `${tree}/t`,
  });
  const isUntouched = (tree: string) => {
    assertEquals(Deno.readTextFileSync(`${tree}/t/beside`), "beside");
    assertEquals(Deno.readTextFileSync(`${tree}/outside/kept`), "kept");
  };
  const deletedOf = (text: string) =>
    Array.from(text.matchAll(/^deleted "(.*)"$/gm), ([, path]) => path.replace(/^s\//, "")).sort();

  for (const variant of VARIANTS) {
    const name = variantName(variant);

    it(`deletes entries that only the target has, in copied directories only (${name})`, async () => {
      for (const flags of [["-v"], ["-v", "-u"], ["-v", "--checksum"], ["-v", "--verify"], ["-v", "--no-resume"]]) {
        const tree = await scene.tree({ ...SOURCE, ...EXTRA });
        const { code, stderr } = await scene.copy(variant, copyOf(tree, ...flags));
        assertEquals([code, deletedOf(stderr)], [0, EXTRAS], `${flags}: ${stderr}`);
        assertStringIncludes(stderr, ", 8 deleted");
        assertEquals(await compareTrees(`${tree}/s`, `${tree}/t/s`), []);
        isUntouched(tree);
      }
    });

    it(`lists with -n what would be deleted, and deletes nothing (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, ...EXTRA });
      const before = pathsIn(`${tree}/t`);
      const { code, stdout } = await scene.copy(variant, copyOf(tree, "-n"));
      const listed = Array.from(stdout.matchAll(/^remove {3}s\/(.*)$/gm), ([, path]) => path).sort();
      assertEquals([code, listed], [0, EXTRAS]);
      assertEquals(pathsIn(`${tree}/t`), before);
      const { stdout: json } = await scene.copy(variant, copyOf(tree, "-n", "--json"));
      assertStringIncludes(json, '{"event":"planned","action":"remove","path":"s/x","bytes":0}');
      assertMatch(json, /"event":"end",.*"deleted":8/);
    });

    it(`reports deleted entries as JSON events (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, ...EXTRA });
      const { code, stdout } = await scene.copy(variant, copyOf(tree, "--json"));
      assertEquals(code, 0);
      assertStringIncludes(stdout, '{"event":"deleted","path":"s/gone/deep/y"}');
      assertMatch(stdout, /"event":"end",.*"deleted":8/);
    });

    it(`keeps excluded entries, unless they are to be deleted (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, ...EXTRA, "s/new.o": "o", "t/s/new.o": "old", "t/s/gone/old.o": "o" });
      const flags = ["--exclude", "*.o", "--exclude", "/sub/dir/"];
      const first = await scene.copy(variant, copyOf(tree, ...flags));
      assertEquals(first.code, 0, first.stderr);
      assertStringIncludes(first.stderr, "note: 1 directory was not deleted, because of excluded files");
      assertEquals(pathsIn(`${tree}/t/s`), [
        ...["a", "gone", "gone/old.o", "l", "new.o", "sub", "sub/b", "sub/dir", "sub/large"],
      ]);
      assertEquals(Deno.readTextFileSync(`${tree}/t/s/new.o`), "old");
      const second = await scene.copy(variant, { ...copyOf(tree, "--delete-excluded", ...flags) });
      assertEquals([second.code, second.stderr], [0, ""]);
      assertEquals(pathsIn(`${tree}/t/s`), ["a", "l", "sub", "sub/b", "sub/large"]);
    });

    it(`deletes nothing if a path of the source fails (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, ...EXTRA });
      const note = "note: nothing was deleted, because some paths failed";
      const missing = copyOf(tree);
      const lost = await scene.copy(variant, { ...missing, sources: [...missing.sources, `${tree}/none`] });
      assertEquals(lost.code, 1);
      assertStringIncludes(lost.stderr, note);
      const loop = await scene.tree({ "s/loop": { link: "loop" }, "t/s/x": "x" });
      const failed = await scene.copy(variant, { ...copyOf(loop), flags: ["-r", "--delete"] });
      assertEquals(failed.code, 1);
      assertStringIncludes(failed.stderr, note);
      assertEquals(pathsIn(`${loop}/t/s`), ["x"]);
      for (const extra of EXTRAS) Deno.lstatSync(`${tree}/t/s/${extra.replace(/\/$/, "")}`);
    });

    it(`deletes nothing if a path of the target fails (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, ...EXTRA, "t/s/a/obstacle": "o" });
      const { code, stderr } = await scene.copy(variant, copyOf(tree, "--exclude", "obstacle"));
      assertEquals(code, 1);
      assertStringIncludes(stderr, "nothing was deleted, because some paths failed");
      for (const extra of EXTRAS) Deno.lstatSync(`${tree}/t/s/${extra.replace(/\/$/, "")}`);
    });

    it(`stops at --max-delete, and counts the others (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, ...EXTRA });
      const { code, stderr } = await scene.copy(variant, copyOf(tree, "-v", "--max-delete", "3"));
      assertEquals([code, deletedOf(stderr).length], [1, 3], stderr);
      assertStringIncludes(stderr, "Cannot delete 5 more entries: the limit of --max-delete is 3");
      const none = await scene.copy(variant, copyOf(tree, "-n", "--max-delete", "0"));
      assertEquals(none.code, 1);
      assertStringIncludes(none.stderr, "Cannot delete 5 more entries: the limit of --max-delete is 0");
      const all = await scene.copy(variant, copyOf(tree, "--max-delete", "5"));
      assertEquals([all.code, all.stderr], [0, ""]);
      assertEquals(await compareTrees(`${tree}/s`, `${tree}/t/s`), []);
    });

    it(`deletes in the union of directories that are merged (${name})`, async () => {
      const tree = await scene.tree({
        "one/d/a": "a",
        "two/d/b": "b",
        "two/c": "c",
        "t/d/a": "o",
        "t/d/x": "x",
        "t/y": "y",
      });
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-a", "--delete"],
        sources: [`${tree}/one/.`, `${tree}/two/.`, `${tree}/two/d/b`],
        target: `${tree}/t`,
      });
      assertEquals([code, stderr], [0, ""]);
      assertEquals(pathsIn(`${tree}/t`), ["b", "c", "d", "d/a", "d/b"]);
    });

    it(`deletes directories without permissions, and restores permissions of others (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, ...EXTRA });
      Deno.chmodSync(`${tree}/s/sub`, 0o500);
      Deno.chmodSync(`${tree}/t/s/sub`, 0o500);
      Deno.chmodSync(`${tree}/t/s/gone/deep`, 0o100);
      const { code, stderr } = await scene.copy(variant, { ...copyOf(tree, "-u") });
      assertEquals([code, stderr], [0, ""]);
      assertEquals(await compareTrees(`${tree}/s`, `${tree}/t/s`), []);
      assertEquals(Deno.statSync(`${tree}/t/s/sub`).mode! & 0o777, 0o500);
    });

    it(`keeps private names (${name})`, async () => {
      const hidden = ".escp-0123456789abcdef0123456789abcdef.part";
      const tree = await scene.tree({
        ...SOURCE,
        [`t/s/${hidden}`]: "p",
        [`t/s/gone/${hidden}`]: "p",
        "t/s/.escp-x": "x",
      });
      const { code, stderr } = await scene.copy(variant, copyOf(tree));
      assertEquals(code, 0, stderr);
      assertStringIncludes(stderr, "1 directory was not deleted");
      assertEquals(pathsIn(`${tree}/t/s`).filter((each) => each.includes("escp")), [hidden, `gone/${hidden}`]);
    });
  }

  for (const [index, [source, extra]] of [["README", "Readme"], ["readme", "README"], ["é", "e\u0301"]].entries()) {
    for (const variant of rotatingVariants(index)) {
      it(`deletes "${extra}" beside "${source}" (${variantName(variant)})`, async () => {
        const tree = await scene.tree({ [`s/${source}`]: "new", [`t/s/${extra}`]: "old" });
        const { code, stderr } = await scene.copy(variant, copyOf(tree));
        assertEquals([code, stderr], [0, ""]);
        assertEquals(pathsIn(`${tree}/t/s`), [source]);
      });
    }
  }

  it("sends only the changed files of a mirror", async () => {
    for (const variant of VARIANTS) {
      const names = Array.from({ length: 60 }, (_, index) => `s/${index % 7}/${index}`);
      const tree = await scene.tree(Object.fromEntries(names.map((name) => [name, name])));
      const copy = { flags: ["--mirror", "--json"], sources: [`${tree}/s`], target: `${tree}/t` };
      assertEquals(lastEvent((await scene.copy(variant, copy)).stdout).files, 60);
      for (const name of names.slice(0, 10)) Deno.writeTextFileSync(`${tree}/${name}`, "changed");
      const { files, skipped } = lastEvent((await scene.copy(variant, copy)).stdout);
      assertEquals([files, skipped], [10, 50]);
      assertEquals(await compareTrees(`${tree}/s`, copy.target, { mtimes: "ms" }), []);
    }
  });

  it("never deletes a source in its own target", async () => {
    for (const variant of VARIANTS as Variant[]) {
      const tree = await scene.tree({ "t/x/y/source/a": "a", "t/x/old": "old" });
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-a", "--delete", "--no-target-directory"],
        sources: [`${tree}/t/x/y/source`],
        target: `${tree}/t`,
      });
      assertEquals(code, 1);
      assertStringIncludes(stderr, `Cannot remove "${tree}/t/x/y/source": it is a source of this copy`);
      assertEquals(pathsIn(`${tree}/t`), ["a", "x", "x/y", "x/y/source", "x/y/source/a"]);
    }
  });

  it("applies to the target of a copy between two remote hosts", async () => {
    const tree = await scene.tree({ ...SOURCE, ...EXTRA });
    const run = (...flags: string[]) =>
      runEscp([...scene.sshd.sshOptions, ...["-a", "--delete", ...flags, `testhost:${tree}/s`, `testhost2:${tree}/t`]]);
    const dry = await run("-n");
    assertEquals(dry.stdout.match(/^remove /gm)?.length, EXTRAS.length, dry.stderr);
    const { code, stderr } = await run("-v");
    assertEquals([code, deletedOf(stderr)], [0, EXTRAS], stderr);
    assertEquals(await compareTrees(`${tree}/s`, `${tree}/t/s`), []);
    isUntouched(tree);
  });
});
