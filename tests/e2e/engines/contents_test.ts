import { assertEquals } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { randomTree } from "../../support/files/random_bytes.ts";
import { ALL_VARIANTS, describeWithScene, variantName, VARIANTS } from "../../support/scene.ts";
import { temporaryFiles } from "../../support/escp/temporary_files.ts";

const MiB = 1 << 20;

describeWithScene("contents of copies", { inProcess: true }, (scene) => {
  /** Sizes around the limits of packs, blocks and work units; holes, empty files and directories. */
  let sizes: string;
  let many: string;
  beforeAll(async () => {
    sizes = await scene.tree({
      "0": { size: 0 },
      "1": { size: 1 },
      "64K": { size: 65536 },
      "1M-1": { size: MiB - 1 },
      "1M": { size: MiB },
      "1M+1": { size: MiB + 1 },
      "5M": { size: 5 * MiB },
      "40M": { size: 40 * MiB + 17 },
      "zeros": { sparseSize: 9 * MiB, pieces: { [4 * MiB + 5]: "in the middle" } },
      "empty": { directory: true },
      "a/b/c/d/e/f/g/empty": { directory: true },
      "a/b/c/d/e/f/g/h": "deep",
    });
    many = await scene.tree(randomTree({ files: 3000, directories: 60, maxBytes: 3000, seed: "many" }));
  });

  for (const variant of ALL_VARIANTS) {
    it(`are equal for files of many sizes: ${variantName(variant)}`, async () => {
      const to = await scene.tree();
      const { code, stderr } = await scene.copy(variant, { flags: ["-r"], sources: [sizes], target: `${to}/new` });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(await compareTrees(sizes, `${to}/new`), []);
      assertEquals(temporaryFiles(to), []);
    });
  }

  for (const variant of VARIANTS) {
    it(`are equal for thousands of files, also when they are replaced: ${variantName(variant)}`, async () => {
      const to = await scene.tree({ "new/stays": "stays" });
      const copy = { flags: ["-r"], sources: [`${many}/.`], target: `${to}/new` };
      for (let round = 0; round < (variant.engine === "native" ? 2 : 1); round++) {
        const { code, stderr } = await scene.copy(variant, copy);
        assertEquals({ code, stderr }, { code: 0, stderr: "" });
      }
      assertEquals(await compareTrees(many, `${to}/new`), ["stays: not expected, is a file"]);
      assertEquals(temporaryFiles(to), []);
    });
  }

  for (const variant of VARIANTS) {
    it(`are equal for a single file that replaces a longer one: ${variantName(variant)}`, async () => {
      const to = await scene.tree({ "small": "a longer text than that", "large": { size: 6 * MiB } });
      for (const [source, target] of [["1", "small"], ["5M", "large"], ["0", "large"]]) {
        const { code, stderr } = await scene.copy(variant, {
          sources: [`${sizes}/${source}`],
          target: `${to}/${target}`,
        });
        assertEquals({ code, stderr }, { code: 0, stderr: "" });
        assertEquals(await compareTrees(`${sizes}/${source}`, `${to}/${target}`), []);
      }
    });
  }
});
