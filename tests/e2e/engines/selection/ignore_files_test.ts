import { assert, assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { runEscp } from "../../../support/escp/escp_command.ts";
import { pathsIn } from "../../../support/files/paths_in.ts";
import type { TreeEntries } from "../../../support/files/temp_tree.ts";
import { describeWithScene, variantName, VARIANTS } from "../../../support/scene.ts";

const SOURCE: TreeEntries = {
  ".gitignore": "*\n",
  "from/.gitignore": "*.o\nbuild/\n",
  ...{ "from/a.o": "1", "from/a.c": "2", "from/build/x": "3", "from/sub/build": "4", "from/sub/keep.o": "5" },
  "from/sub/.gitignore": "!keep.o\n/large\n",
  ...{
    "from/sub/large": { size: 3 << 20 },
    "from/large": { size: 3 << 20 },
    "from/.git/x": "6",
    "from/link.o": { link: "a" },
  },
  "to": { directory: true },
};
const EXPECTED = [".git", ".git/x", ".gitignore", "a.c", "large", "sub", "sub/.gitignore", "sub/build", "sub/keep.o"];

describeWithScene("--exclude-ignore-files", { inProcess: true }, (scene) => {
  for (const variant of VARIANTS) {
    it(`skips what the .gitignore files in the source ignore (${variantName(variant)})`, async () => {
      const tree = await scene.tree(SOURCE);
      const copy = { flags: ["-a", "--exclude-ignore-files"], sources: [`${tree}/from/.`], target: `${tree}/to` };
      const dry = await scene.copy(variant, { ...copy, flags: [...copy.flags, "-n"] });
      assertEquals(dry.stdout.includes("a.o"), false, dry.stdout);
      const { code, stderr } = await scene.copy(variant, copy);
      assertEquals([code, stderr, pathsIn(`${tree}/to`)], [0, "", EXPECTED]);
    });

    it(`works together with filters and followed links (${variantName(variant)})`, async () => {
      const tree = await scene.tree({ ...SOURCE, "from/link.o": { link: "a.c" }, "from/linked": { link: "sub" } });
      const flags = ["-r", "--exclude-ignore-files", "--include=a.o", "--exclude=.git/", "--exclude=/sub"];
      const { code, stderr } = await scene.copy(variant, { flags, sources: [`${tree}/from/.`], target: `${tree}/to` });
      const linked = ["linked", "linked/.gitignore", "linked/build", "linked/keep.o"];
      assertEquals([code, stderr, pathsIn(`${tree}/to`)], [0, "", [".gitignore", "a.c", "large", ...linked]]);
    });

    it(`fails for a directory with too many rules, and deletes nothing (${variantName(variant)})`, async () => {
      const tree = await scene.tree({
        ...{ "from/.gitignore": "*.o\n", "from/a.o": "1", "from/b": "2", "from/sub/.gitignore": "x\n".repeat(10_000) },
        ...{ "from/sub/c": "3", "from/sub/below/d": "4", "from/tail/e": "5", "to/extra": "6", "to/sub/extra": "7" },
      });
      const flags = ["-r", "--delete", "--delete-excluded", "--exclude-ignore-files"];
      const { code, stderr } = await scene.copy(variant, { flags, sources: [`${tree}/from/.`], target: `${tree}/to` });
      assertEquals(code, 1, stderr);
      const reason = "the .gitignore files in and above it have more than 10,000 rules";
      assert(
        stderr.includes(
          `Cannot copy "${tree}/from/./sub": ${reason}\nnote: nothing was deleted, because some paths failed\n`,
        ),
        stderr,
      );
      assertMatch(stderr, /^hint: Exclude the directory with --exclude, or omit --exclude-ignore-files$/m);
      assertEquals(pathsIn(`${tree}/to`), [".gitignore", "b", "extra", "sub", "sub/extra", "tail", "tail/e"]);
    });
  }

  it("applies to a copy between two remote hosts", async () => {
    const tree = await scene.tree(SOURCE);
    const { code, stderr } = await runEscp([
      ...[...scene.sshd.sshOptions, "-a", "--exclude-ignore-files"],
      ...[`testhost:${tree}/from/.`, `testhost2:${tree}/to`],
    ]);
    assertEquals([code, stderr, pathsIn(`${tree}/to`)], [0, "", EXPECTED]);
  });

  it("is refused with a sender that reads no files", async () => {
    const { code, stderr } = await runEscp(["-r", "--exclude-ignore-files", "--ioengine=dummy::posix", "a", "b"]);
    assertEquals(code, 2);
    assertMatch(
      stderr,
      /^escp: Cannot use "--exclude-ignore-files" with "--ioengine dummy": the sender reads no files$/m,
    );
  });
});
