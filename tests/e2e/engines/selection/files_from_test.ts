import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { runEscp } from "../../../support/escp/escp_command.ts";
import { lastEvent } from "../../../support/escp/json_events.ts";
import { oldEscpFlags } from "../../../support/escp/old_escp.ts";
import { pathsIn } from "../../../support/files/paths_in.ts";
import type { TreeEntries } from "../../../support/files/temp_tree.ts";
import { describeWithScene, variantName, VARIANTS } from "../../../support/scene.ts";

const LARGE = 3 << 20;
const SOURCE: TreeEntries = {
  "from/a": { directory: true, mode: 0o750 },
  ...{ "from/a/one": "1", "from/a/two": "2", "from/a/sub/three": "3", "from/a/sub/large": { size: LARGE } },
  ...{ "from/b/c/d/e": "4", "from/b/other": "5", "from/top": "6", "from/skipped": "7", "from/link": { link: "a" } },
  ...{ "from/#x": "8", "from/empty": { directory: true }, "to": { directory: true } },
};

describeWithScene("--files-from", { inProcess: true }, (scene) => {
  /** Writes a list, and returns its option. */
  async function list(tree: string, lines: readonly string[], end = "\n"): Promise<string> {
    await Deno.writeTextFile(`${tree}/list`, lines.map((line) => line + end).join(""));
    return `--files-from=${tree}/list`;
  }

  for (const variant of VARIANTS.filter(({ direction }) => direction !== "local")) {
    it(`refuses paths with too many names before anything is copied (${variantName(variant)})`, async () => {
      const tree = await scene.tree(SOURCE);
      const paths = Array.from({ length: 67 }, (_, index) => index + "/a".repeat(60_000));
      const flags = [await list(tree, ["top", ...paths])];
      const { code, stderr } = await scene.copy(variant, { flags, sources: [`${tree}/from`], target: `${tree}/to` });
      assertEquals([code, stderr, pathsIn(`${tree}/to`)], [
        1,
        "escp: Cannot copy all listed paths at once: together, they contain more than 4,000,000 different files and " +
        "directories\nhint: Copy them in several runs\n",
        [],
      ]);
    });
  }

  for (const variant of VARIANTS) {
    const name = variantName(variant);

    it(`copies listed paths with the directories above them (${name})`, async () => {
      const tree = await scene.tree(SOURCE);
      const lines = [
        "# comment",
        "; too",
        "",
        "a/sub/large",
        "/b/c/d/e",
        "./top",
        "a//one",
        "a/two/../two",
        "empty",
        "a/one",
      ];
      const copy = { sources: [`${tree}/from`], target: `${tree}/to` };
      const flags = [await list(tree, [...lines, "./#x"]), "-p"];
      const dry = await scene.copy(variant, { ...copy, flags: [...flags, "-n", "--json"] });
      assertEquals([dry.code, lastEvent(dry.stdout).files, pathsIn(copy.target)], [0, 6, []], dry.stderr);
      const { code, stderr } = await scene.copy(variant, { ...copy, flags });
      const directories = ["a", "a/sub", "b", "b/c", "b/c/d", "empty"];
      const files = ["#x", "a/one", "a/sub/large", "a/two", "b/c/d/e", "top"];
      assertEquals([code, stderr, pathsIn(copy.target)], [0, "", [...directories, ...files].sort()]);
      assertEquals(Deno.statSync(`${copy.target}/a`).mode! & 0o777, 0o750);
      assertEquals(Deno.readFileSync(`${copy.target}/a/sub/large`), Deno.readFileSync(`${tree}/from/a/sub/large`));
    });

    it(`sets the attributes of an existing target only if the directory itself is listed (${name})`, async () => {
      for (const [lines, isListed] of [[["a/one", "./top"], false], [["a/one", "."], true]] as const) {
        const tree = await scene.tree(SOURCE);
        const then = new Date("2001-01-01T00:00:00Z");
        await Deno.utime(`${tree}/from`, then, then);
        await Deno.chmod(`${tree}/from`, 0o700);
        await Deno.chmod(`${tree}/to`, 0o1777);
        const copy = { flags: ["-p", await list(tree, lines)], sources: [`${tree}/from`], target: `${tree}/to` };
        const dry = await scene.copy(variant, { ...copy, flags: [...copy.flags, "-n", "--itemize-changes"] });
        assertEquals([dry.code, dry.stderr, dry.stdout.includes(" ./\n")], [0, "", isListed]);
        const { code, stderr } = await scene.copy(variant, copy);
        const { mode, mtime } = Deno.statSync(copy.target);
        assertEquals([code, stderr, mtime!.getTime() === then.getTime()], [0, "", isListed]);
        assertEquals(mode! & 0o7777, isListed ? 0o700 : 0o1777);
        assertEquals(Deno.statSync(`${copy.target}/a`).mode! & 0o777, 0o750);
      }
    });

    it(`copies the contents of listed directories only with -r (${name})`, async () => {
      const tree = await scene.tree(SOURCE);
      const flags = [await list(tree, ["a", "b/c/"])];
      for (
        const [more, expected] of [
          [[], ["a", "b", "b/c"]],
          [["-r"], ["a", "a/one", "a/sub", "a/sub/large", "a/sub/three", "a/two", "b", "b/c", "b/c/d", "b/c/d/e"]],
        ] as const
      ) {
        const copy = { flags: [...flags, ...more], sources: [`${tree}/from/`], target: `${tree}/to` };
        const { code, stderr } = await scene.copy(variant, copy);
        assertEquals([code, stderr, pathsIn(copy.target)], [0, "", expected]);
      }
    });

    it(`copies everything if the directory itself is listed (${name})`, async () => {
      const tree = await scene.tree(SOURCE);
      const copy = { flags: ["-a", await list(tree, ["."])], sources: [`${tree}/from`], target: `${tree}/to/new` };
      const { code, stderr } = await scene.copy(variant, copy);
      assertEquals([code, stderr, pathsIn(copy.target)], [0, "", pathsIn(`${tree}/from`)]);
    });

    it(`copies into a directory below the source, but with -r not (${name})`, async () => {
      const tree = await scene.tree(SOURCE);
      const flags = [await list(tree, ["a/one", "b"])];
      const copy = { flags, sources: [`${tree}/from`], target: `${tree}/from/empty` };
      const { code, stderr } = await scene.copy(variant, copy);
      assertEquals([code, stderr, pathsIn(copy.target)], [0, "", ["a", "a/one", "b"]]);
      const deep = await scene.copy(variant, { ...copy, flags: [...flags, "-r"] });
      assertMatch(deep.stderr, /Cannot copy "\." to ".*\/from\/empty": it would be copied into itself/);
      assertEquals(deep.code, 1);
    });

    it(`reports each listed path that cannot be copied (${name})`, async () => {
      const tree = await scene.tree(SOURCE);
      const lines = [
        "top",
        "no",
        "a/no",
        "no/1/2",
        "no/3",
        "top/x",
        "link/one",
        "../top",
        "a/../../top",
        "b/c/../other",
      ];
      const copy = { flags: ["--symlinks=preserve", "--json", await list(tree, lines)], target: `${tree}/to` };
      const { code, stdout, stderr } = await scene.copy(variant, { ...copy, sources: [`${tree}/from`] });
      assertEquals([code, pathsIn(copy.target)], [1, ["a", "b", "b/other", "top"]], stderr);
      assertEquals(lastEvent(stdout).failed, 8);
      for (const path of ["no", "a/no", "no/1/2", "no/3"]) {
        assertStringIncludes(stdout, JSON.stringify(`Cannot read "${tree}/from/${path}": No such file or directory`));
      }
      assertStringIncludes(stdout, JSON.stringify(`Cannot read "${tree}/from/top/x": Not a directory`));
      const link = `Cannot read "${tree}/from/link/one": "link" is a symbolic link`;
      assertStringIncludes(stdout, JSON.stringify(link));
      assertStringIncludes(stdout, JSON.stringify("Use --symlinks=follow to follow symbolic links"));
      for (const path of ["../top", "a/../../top"]) {
        assertStringIncludes(stdout, JSON.stringify(`Cannot read "${path}": it is outside the source directory`));
      }
    });

    it(`reads names that end with NUL from standard input (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, "from/new\nline": "9", "from/a/; x": "10" });
      const copy = { flags: ["--from0", "--files-from", "-"], stdin: "new\nline\0#x\0a/; x\0", target: `${tree}/to` };
      const { code, stderr } = await scene.copy(variant, { ...copy, sources: [`${tree}/from`] });
      assertEquals([code, stderr, pathsIn(copy.target)], [0, "", ["#x", "a", "a/; x", "new\nline"]]);
    });

    it(`works with updates, filters and a list of many paths (${name})`, async () => {
      const names = Array.from({ length: 3000 }, (_, index) => `${"long name ".repeat(8)}${index}`);
      const tree = await scene.tree({
        ...SOURCE,
        ...Object.fromEntries(names.map((each) => [`from/many/${each}`, ""])),
      });
      const lines = names.filter((_, index) => index !== 7).map((each) => `many/${each}`);
      const flags = ["-u", "--json", "--exclude=*00", await list(tree, [...lines, "top"])];
      const copy = { flags, sources: [`${tree}/from`], target: `${tree}/to` };
      const first = await scene.copy(variant, copy);
      assertEquals([first.code, lastEvent(first.stdout).files], [0, 2971], first.stderr);
      await Deno.writeTextFile(`${tree}/from/top`, "changed");
      const { files, skipped } = lastEvent((await scene.copy(variant, copy)).stdout);
      assertEquals([files, skipped], [1, 2970]);
    });
  }

  it("applies to a copy between two remote hosts", async () => {
    const tree = await scene.tree(SOURCE);
    const flags = ["-r", await list(tree, ["a/sub", "top", "no"])];
    const { code, stderr } = await runEscp([
      ...[...scene.sshd.sshOptions, ...flags],
      ...[`testhost:${tree}/from`, `testhost2:${tree}/to`],
    ]);
    assertStringIncludes(stderr, `Cannot read "testhost:${tree}/from/no": No such file or directory`);
    assertEquals([code, pathsIn(`${tree}/to`)], [1, ["a", "a/sub", "a/sub/large", "a/sub/three", "top"]]);
  });

  it("is refused by a remote end that does not know it, for a pull", async () => {
    const tree = await scene.tree(SOURCE);
    const flags = [...await oldEscpFlags(scene), await list(tree, ["top"])];
    const copy = { flags, sources: [`${tree}/from`], target: `${tree}/to` };
    const pull = await scene.copy({ ...VARIANTS[0], direction: "pull" }, copy);
    assertMatch(
      pull.stderr,
      /^escp: Cannot use (--files-from|a list of sources): escp \S+ on testhost does not support it$/m,
    );
    assertEquals([pull.code, pathsIn(copy.target)], [1, []]);
    const push = await scene.copy({ ...VARIANTS[0], direction: "push" }, copy);
    assertEquals([push.code, pathsIn(copy.target)], [0, ["top"]], push.stderr);
  });

  it("copies nothing if the list is empty, and fails if it or the directory is missing", async () => {
    const tree = await scene.tree(SOURCE);
    for (const variant of VARIANTS) {
      const copy = { flags: [await list(tree, [])], sources: [`${tree}/from`], target: `${tree}/to` };
      const empty = await scene.copy(variant, copy);
      assertEquals([empty.code, empty.stderr, pathsIn(copy.target)], [0, "", []]);
      const base = await scene.copy(variant, { ...copy, sources: [`${tree}/none`] });
      assertMatch(base.stderr, /Cannot read ".*\/none\/\.": No such file or directory/);
      const file = await scene.copy(variant, { ...copy, sources: [`${tree}/from/top`] });
      assertMatch(file.stderr, /Cannot (read|examine) ".*\/from\/top\/\.": Not a directory/);
      const list_ = await scene.copy(variant, { ...copy, flags: ["--files-from", `${tree}/none`] });
      assertMatch(list_.stderr, /^escp: Cannot read the list ".*\/none": No such file or directory$/m);
      assertEquals([base.code, file.code, list_.code], [1, 1, 2]);
    }
  });
});
