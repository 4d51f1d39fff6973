import { assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { pathsIn } from "../../../support/files/paths_in.ts";
import type { TreeEntries } from "../../../support/files/temp_tree.ts";
import { describeWithScene, variantName, VARIANTS } from "../../../support/scene.ts";

const SOURCE: TreeEntries = {
  ...{ "s/a.c": "1", "s/b.o": "2", "s/c.o": "3", "s/dir/d.o": "4", "s/dir/e": "5" },
  "to": { directory: true },
};

describeWithScene("filters and named sources", { inProcess: true }, (scene) => {
  for (const variant of VARIANTS) {
    it(`one note names the first excluded source (${variantName(variant)})`, async () => {
      const tree = await scene.tree(SOURCE);
      const sources = ["a.c", "b.o", "c.o", "dir"].map((name) => `${tree}/s/${name}`);
      const copy = { flags: ["-r", "--exclude=*.o", "--exclude=dir"], sources, target: `${tree}/to` };
      const { code, stderr } = await scene.copy(variant, copy);
      const reason = "is copied although a filter excludes it: filters do not apply to named sources";
      assertEquals([code, stderr], [0, `note: "${tree}/s/b.o" ${reason}\n`]);
      assertEquals(pathsIn(`${tree}/to`), ["a.c", "b.o", "c.o", "dir", "dir/e"]);
      const quiet = await scene.copy(variant, { ...copy, flags: ["-q", ...copy.flags] });
      assertEquals([quiet.code, quiet.stderr], [0, ""]);
    });

    it(`a directory among several sources causes the note (${variantName(variant)})`, async () => {
      const tree = await scene.tree(SOURCE);
      const sources = [`${tree}/s/a.c`, `${tree}/s/dir`];
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-r", "--exclude=/dir/"],
        sources,
        target: `${tree}/to`,
      });
      assertEquals([code, stderr.startsWith(`note: "${tree}/s/dir" is copied although`)], [0, true], stderr);
      assertEquals(pathsIn(`${tree}/to`), ["a.c", "dir", "dir/d.o", "dir/e"]);
    });

    it(`rules for the contents of the only directory cause no note (${variantName(variant)})`, async () => {
      const tree = await scene.tree(SOURCE);
      for (const source of [`${tree}/s`, `${tree}/s/.`]) {
        const flags = ["-r", "--include=*.c", "--exclude=*"];
        const { code, stderr } = await scene.copy(variant, { flags, sources: [source], target: `${tree}/to` });
        assertEquals([code, stderr], [0, ""]);
      }
      assertEquals(pathsIn(`${tree}/to`), ["a.c", "s", "s/a.c"]);
    });
  }
});
