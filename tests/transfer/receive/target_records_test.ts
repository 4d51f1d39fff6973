import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { TargetRoot } from "../../../src/files/engine/target_root.ts";
import { loadFileEngine } from "../../../src/files/load_engine.ts";
import { TargetRecords } from "../../../src/transfer/receive/target_records.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

const { engine: { paths } } = await loadFileEngine("portable");

describe("TargetRecords", () => {
  it("names the real path of a file, also below links to directories if these are followed", async () => {
    await using tree = await createTempTree({
      "real/sub/x": "",
      "to/link": { link: "../real" },
      "name": { link: "to" },
    });
    const at = await Deno.realPath(tree.path);
    const roots: TargetRoot[] = [{ kind: "folder", path: `${tree.path}/name`, created: false }];
    const targets = async (dirlinks: boolean) => {
      const records = new TargetRecords("/records", roots, paths, { dirlinks });
      const names = ["file", "link/file", "link/sub/file", "link/new/deep/file"];
      return await Promise.all(names.map(async (name) => (await records.of(0, name))?.target.slice(at.length)));
    };
    const below = ["/to/file", "/to/link/file", "/to/link/sub/file", "/to/link/new/deep/file"];
    assertEquals(await targets(false), below);
    assertEquals(await targets(true), ["/to/file", "/real/file", "/real/sub/file", "/real/new/deep/file"]);
  });
});
