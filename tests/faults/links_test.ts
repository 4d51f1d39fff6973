import { assert, assertEquals, assertMatch } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { openLibc } from "../../src/native/libc/libc.ts";
import type { EscpResult } from "../support/escp/escp_command.ts";
import { turn, untilBegun } from "../support/escp/interruptions.ts";
import { listNames } from "../support/files/list_names.ts";
import { describeWithScene, type Variant, variantName, VARIANTS } from "../support/scene.ts";
import type { TreeEntries } from "../support/files/temp_tree.ts";

/** Kilobits per second: slow enough to replace a directory by a link. */
const SLOW = ["-l", "24000"];
const MIB = 1 << 20;
const AT_FDCWD = -100;

describeWithScene(
  "a link that replaces a target directory during the copy",
  (scene) => {
    let source: string;
    beforeAll(async () => {
      const files = (directory: string): TreeEntries =>
        Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`${directory}/small ${index}`, { size: 20_000 }]));
      source = await scene.tree({
        ...files("a"),
        ...files("b"),
        "a/large": { size: 2 * MIB },
        "b/large": { size: 2 * MIB },
      });
    });

    /**
     * Copies while target directories are exchanged with links to the outside, and checks that nothing outside changed.
     *
     * @param maxSwaps Maximum number of exchanges.
     */
    async function swapped(variant: Variant, maxSwaps: number): Promise<EscpResult> {
      const parent = await scene.tree({
        "outside/a/kept": "kept",
        "outside/small 1": "untouched",
        "link a": { link: "../outside" },
        "link b": { link: "../outside" },
        "to/a": { directory: true },
        "to/b": { directory: true },
      });
      const to = `${parent}/to`;
      const flags = ["-r", "--retries", "0", ...SLOW];
      await using running = await scene.start(variant, { flags, sources: [`${source}/.`], target: to });
      await untilBegun(to, running);
      let ended = false;
      running.result.finally(() => ended = true).catch(() => {});
      for (let swaps = 0; swaps < maxSwaps && !ended; swaps++) {
        for (const name of ["a", "b"]) exchange(`${parent}/link ${name}`, `${to}/${name}`);
        await turn();
      }
      const result = await running.result;
      const { stderr } = result;
      assertEquals(listNames(`${parent}/outside`), ["a", "small 1"], stderr);
      assertEquals(listNames(`${parent}/outside/a`), ["kept"], stderr);
      assertEquals(await Deno.readTextFile(`${parent}/outside/small 1`), "untouched");
      assert(!/bug in escp/.test(stderr), stderr);
      return result;
    }

    for (const variant of VARIANTS) {
      it(`is not followed if it is put in place once: ${variantName(variant)}`, async () => {
        const { code, stderr } = await swapped(variant, 1);
        assertEquals(code, 1, stderr);
        assertMatch(stderr, /it is a symbolic link/);
      });

      // The portable engine has no call that checks and opens in one step, so its outcome depends on timing.
      if (variant.engine === "portable") continue;
      it(`is not followed if it is put in place and removed repeatedly: ${variantName(variant)}`, async () => {
        await swapped(variant, Infinity);
      });
    }
  },
);

/** Exchanges two names in one step (renameat2(2) with RENAME_EXCHANGE). */
function exchange(a: string, b: string): void {
  const libc = openLibc({
    renameat2: { parameters: ["i32", "buffer", "i32", "buffer", "u32"], result: "i32" },
  });
  const [from, to] = [a, b].map((path) => new TextEncoder().encode(`${path}\0`));
  const failed = libc.symbols.renameat2(AT_FDCWD, from, AT_FDCWD, to, 2);
  libc.close();
  assertEquals(failed, 0);
}
