import { assert, assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { temporaryFiles } from "../../support/escp/temporary_files.ts";
import { compareTrees } from "../../support/files/compare_trees.ts";
import type { TreeEntries } from "../../support/files/temp_tree.ts";
import { freePort } from "../../support/hosts/free_port.ts";
import { describeWithScene, type Variant, variantName, VARIANTS } from "../../support/scene.ts";
import { type Fault, startFaultProxy } from "./fault_proxy.ts";

const MIB = 1 << 20;
const FILES = 16;
const REMOTE = VARIANTS.filter(({ direction }) => direction !== "local");

/** Files that are sent in pieces, each in new directories. */
const ENTRIES: TreeEntries = Object.fromEntries(
  Array.from({ length: FILES }, (_, index) => [`from/d${index}/e/f`, { size: 3 * MIB + index }]),
);

describeWithScene("files in pieces over broken connections", (scene) => {
  for (const variant of REMOTE) {
    for (const kinds of [["cut", "cut", "half"], ["flip", "cut", "flip"]] as const) {
      it(`are sent again (${kinds.join(", ")}; ${variantName(variant)})`, async () => {
        await survives(variant, kinds);
      });
    }
  }

  async function survives(variant: Variant, kinds: readonly Fault["kind"][]): Promise<void> {
    const tree = await scene.tree(ENTRIES);
    const port = freePort();
    const direction = variant.direction === "push" ? "to server" : "to client";
    // In the middle of a file.
    const faults = kinds.map((kind, index): Fault => ({
      direction,
      kind,
      after: Math.floor(1.7 * MIB * (index + 1)),
      times: variant.streams,
    }));
    await using proxy = startFaultProxy(port, faults);
    const ports = ["--escp-port", `${port}`, "--data-address", `127.0.0.1:${proxy.port}`];
    const { code, stderr } = await scene.copy(variant, {
      flags: ["-r", "--timeout", "20", "--tunnel", "never", ...ports],
      sources: [`${tree}/from`],
      target: `${tree}/to`,
    });
    assertEquals(code, 0, stderr);
    assert(proxy.happened > 0, "no fault happened");
    assertEquals(await compareTrees(`${tree}/from`, `${tree}/to`, { modes: true }), []);
    assertEquals(temporaryFiles(`${tree}/to`), []);
  }
});
