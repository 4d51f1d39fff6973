import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { loadFileEngine } from "../../../../src/files/load_engine.ts";
import { resolveSources } from "../../../../src/files/walk/source_roots.ts";
import { WalkCount } from "../../../../src/transfer/send/queues/walk_count.ts";
import { createTempTree } from "../../../support/files/temp_tree.ts";

const MIB = 1 << 20;

const engines = {
  portable: (await loadFileEngine("portable")).engine,
  native: (await loadFileEngine("auto")).engine,
};

describe("WalkCount", () => {
  for (const name of ["portable", "native"] as const) {
    const engine = engines[name];

    it(
      `counts the files and bytes of a tree without keeping them (${name})`,
      { ignore: engine.name !== name },
      async () => {
        const files = Array.from({ length: 600 }, (_, file) => [`d${file % 7}/${file}`, "x"]);
        await using tree = await createTempTree({
          ...Object.fromEntries(files),
          "large": { size: 3 * MIB },
          "link": { hardLink: "large" },
        });
        const { roots } = resolveSources(["."], { base: tree.path, tilde: false, recursive: true }, engine.paths);
        using count = new WalkCount(() => engine.walk(roots, { recursive: true, hardlinks: true }));
        assertEquals(count.counted, undefined);
        await count.count(() => true);
        assertEquals(count.counted, { files: 601, bytes: 600 + 3 * MIB, complete: true });
      },
    );
  }

  it("ends when it is not needed any more", async () => {
    const { engine } = await loadFileEngine("portable");
    await using tree = await createTempTree({ "a/1": "x", "b/2": "x", "large": { size: 2 * MIB } });
    const { roots } = resolveSources(["."], { base: tree.path, tilde: false, recursive: true }, engine.paths);
    using count = new WalkCount(() => engine.walk(roots, { recursive: true }));
    await count.count(() => false);
    assertEquals(count.counted?.complete, false);
  });
});
