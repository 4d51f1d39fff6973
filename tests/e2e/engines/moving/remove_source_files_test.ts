import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { runEscp } from "../../../support/escp/escp_command.ts";
import { lastEvent } from "../../../support/escp/json_events.ts";
import { oldEscpFlags } from "../../../support/escp/old_escp.ts";
import { chattrProblem, protect } from "../../../support/files/chattr.ts";
import { pathsIn } from "../../../support/files/paths_in.ts";
import type { TreeEntries } from "../../../support/files/temp_tree.ts";
import { describeWithScene, rotatingVariants, variantName, VARIANTS } from "../../../support/scene.ts";

const SOURCE: TreeEntries = {
  "from/empty": "",
  "from/small": "small",
  "from/d/large": { size: 3 << 20 },
  "from/d/deep/again": "again",
  "from/d/deep/second": { hardLink: "from/small" },
  "from/d/link": { link: "deep/again" },
  "from/left.out": "left out",
};
const DIRECTORIES = ["d", "d/deep"];
const COPIED = ["d", "d/deep", "d/deep/again", "d/deep/second", "d/large", "d/link", "empty", "small"];

describeWithScene("--remove-source-files", { inProcess: true }, (scene) => {
  for (const variant of VARIANTS) {
    for (const more of [[], ["--verify"], ["--checksum"]]) {
      it(`removes copied files and links: ${["-a", ...more].join(" ")} (${variantName(variant)})`, async () => {
        const tree = await scene.tree(SOURCE);
        const flags = ["-a", "--json", "--exclude", "*.out", "--remove-source-files", ...more];
        const copy = { flags, sources: [`${tree}/from/.`], target: `${tree}/to` };
        const { code, stdout, stderr } = await scene.copy(variant, copy);
        assertEquals([code, stderr], [0, ""]);
        assertEquals(lastEvent(stdout).removedSources, 6);
        assertEquals(pathsIn(`${tree}/from`).toSorted(), [...DIRECTORIES, "left.out"]);
        assertEquals(pathsIn(copy.target).toSorted(), COPIED);
        assertEquals(Deno.readTextFileSync(`${copy.target}/d/deep/second`), "small");
      });
    }

    it(`removes files that the target has already (${variantName(variant)})`, async () => {
      const tree = await scene.tree(SOURCE);
      const copy = { flags: ["-a", "-u"], sources: [`${tree}/from/.`], target: `${tree}/to` };
      assertEquals((await scene.copy(variant, copy)).code, 0);
      const moved = await scene.copy(variant, { ...copy, flags: [...copy.flags, "--remove-source-files"] });
      assertEquals([moved.code, moved.stderr, pathsIn(`${tree}/from`).toSorted()], [0, "", DIRECTORIES]);
    });

    it(`keeps files that were not verified (${variantName(variant)})`, async () => {
      const tree = await scene.tree(SOURCE);
      const copy = { flags: ["-a", "-u"], sources: [`${tree}/from/.`], target: `${tree}/to` };
      assertEquals((await scene.copy(variant, copy)).code, 0);
      const move = (flags: string[]) =>
        scene.copy(variant, { ...copy, flags: ["-a", "--verify", "--remove-source-files", ...flags] });
      assertEquals((await move(["-u"])).code, 0);
      assertEquals(pathsIn(`${tree}/from`).length, 9);
      assertEquals((await move(["--checksum"])).code, 0);
      assertEquals(pathsIn(`${tree}/from`).toSorted(), DIRECTORIES);
    });

    it(`keeps files that fail (${variantName(variant)})`, async () => {
      const tree = await scene.tree({ ...SOURCE, "to/empty/obstacle": "", "to/d/large/obstacle": "" });
      const copy = { flags: ["-a", "--remove-source-files"], sources: [`${tree}/from/.`], target: `${tree}/to` };
      const { code } = await scene.copy(variant, copy);
      assertEquals([code, pathsIn(`${tree}/from`).toSorted()], [1, ["d", "d/deep", "d/large", "empty"]]);
    });

    const isProtectable = chattrProblem === undefined;
    it(`names the path of a protected file (${variantName(variant)})`, { ignore: !isProtectable }, async () => {
      const tree = await scene.tree({ "from/d/f": "f", "from/g": "g" });
      using _ = protect(`${tree}/from/d/f`, "i");
      const copy = { flags: ["-a", "--remove-source-files"], sources: [`${tree}/from`], target: `${tree}/to` };
      const { code, stderr } = await scene.copy(variant, copy);
      assertEquals([code, pathsIn(`${tree}/from`).toSorted()], [1, ["d", "d/f"]]);
      const path = `${tree}/from/d/f`;
      const reason = "Operation not permitted: the file is immutable (chattr +i)";
      assertStringIncludes(stderr, `Cannot remove "${path}": ${reason}\n`);
      assertStringIncludes(stderr, `As root, run: chattr -i "${path}"`);
    });

    it(`refuses sources that are merged in the target (${variantName(variant)})`, async () => {
      for (const flags of [[], ["-n"]]) {
        const tree = await scene.tree({ "a/d/f": "a", "b/d/f": "b", "to": { directory: true } });
        for (const sources of [[`${tree}/a/.`, `${tree}/b/.`], [`${tree}/a/d`, `${tree}/b/d`]]) {
          const copy = { flags: ["-r", "--remove-source-files", ...flags], sources, target: `${tree}/to` };
          const { code, stderr } = await scene.copy(variant, copy);
          assertEquals([code, pathsIn(tree).length], [1, 7], stderr);
          assertStringIncludes(stderr, "Cannot move several sources to");
        }
      }
    });

    it(`refuses a device as the target (${variantName(variant)})`, async () => {
      const tree = await scene.tree({ file: "file" });
      for (const flags of [[], ["-n"]]) {
        const copy = { flags: ["--remove-source-files", ...flags], sources: [`${tree}/file`], target: "/dev/null" };
        const { code, stderr } = await scene.copy(variant, copy);
        assertEquals([code, pathsIn(tree)], [1, ["file"]], stderr);
        assertStringIncludes(stderr, 'Cannot move files to "/dev/null": it is not a regular file');
      }
    });

    it(`lists the files with -n, and removes none (${variantName(variant)})`, async () => {
      const tree = await scene.tree(SOURCE);
      const flags = ["-a", "-n", "--remove-source-files", "--exclude", "*.out"];
      const { code, stdout } = await scene.copy(variant, { flags, sources: [`${tree}/from`], target: `${tree}/to` });
      const listed = stdout.split("\n").filter((line) => line.startsWith("unlink")).map((line) => line.slice(9));
      const files = COPIED.filter((path) => !DIRECTORIES.includes(path)).map((path) => `from/${path}`);
      assertEquals([code, listed.toSorted(), pathsIn(`${tree}/from`).length], [0, files, 9]);
    });

    it(`removes a single file and a link that the user names (${variantName(variant)})`, async () => {
      const tree = await scene.tree({
        "file": "file",
        "other": "other",
        "link": { link: "other" },
        "to": { directory: true },
      });
      const sources = [`${tree}/file`, `${tree}/link`];
      const { code, stderr } = await scene.copy(variant, {
        flags: ["--remove-source-files"],
        sources,
        target: `${tree}/to`,
      });
      assertEquals([code, stderr, pathsIn(tree).toSorted()], [0, "", ["other", "to", "to/file", "to/link"]]);
    });
  }

  const SAME: [source: string, target: string][] = [
    ...[["file", "file"], ["large", "large"], ["file", "."], ["file", "link"], ["link", "file"]] as [string, string][],
    ...[["file", "second"], ["dir", "."], ["dir/.", "dir"]] as [string, string][],
  ];
  SAME.forEach(([source, target], index) => {
    for (const flags of [["-r"], ["-a"], ["-a", "-u"], ["-a", "--checksum"]]) {
      it(`removes no source that is its own target: ${source} to ${target} (${flags.join(" ")})`, async () => {
        for (const variant of rotatingVariants(index)) {
          const tree = await scene.tree({
            ...{ "file": "file", "second": { hardLink: "file" }, "large": { size: 3 << 20 }, "link": { link: "file" } },
            ...{ "dir/a": "a", "dir/l": { link: "a" } },
          });
          const before = pathsIn(tree).toSorted();
          const { code, stderr } = await scene.copy(variant, {
            flags: [...flags, "--remove-source-files"],
            sources: [`${tree}/${source}`],
            target: `${tree}/${target}`,
          });
          assertEquals([code, pathsIn(tree).toSorted()], [1, before], stderr);
          assertStringIncludes(stderr, "it is the source itself");
        }
      });
    }
  });

  it("removes files of a copy between two remote hosts", async () => {
    const tree = await scene.tree(SOURCE);
    const { code, stdout, stderr } = await runEscp([
      ...[...scene.sshd.sshOptions, "-a", "--json", "--remove-source-files"],
      ...[`testhost:${tree}/from/.`, `testhost2:${tree}/to`],
    ]);
    assertEquals([code, stderr, pathsIn(`${tree}/from`).toSorted()], [0, "", DIRECTORIES]);
    assertEquals(lastEvent(stdout).removedSources, 7);
  });

  it("is refused by a remote host without the feature", async () => {
    const tree = await scene.tree(SOURCE);
    const flags = [...await oldEscpFlags(scene), "-a", "--remove-source-files"];
    for (const direction of ["push", "pull"] as const) {
      const copy = { flags, sources: [`${tree}/from`], target: `${tree}/to` };
      const { code, stderr } = await scene.copy({ direction, engine: "portable", streams: 1 }, copy);
      assertEquals(code, 1);
      assertMatch(stderr, /Cannot use --remove-source-files: escp .* does not support it/);
    }
  });
});
