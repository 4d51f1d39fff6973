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
    let mixed: string;
    let small: string;
    beforeAll(async () => {
      mixed = await scene.tree({
        ...smallFiles("a", 60),
        ...smallFiles("b", 60),
        "a/large": { size: 2 * MIB },
        "b/large": { size: 2 * MIB },
      });
      small = await scene.tree({ ...smallFiles("a", 200), ...smallFiles("b", 200) });
    });

    /**
     * Copies the tree while `interfere` exchanges target directories with links to the outside, and checks that nothing
     * outside changed.
     */
    async function copy(
      variant: Variant,
      source: string,
      interfere: (parent: string, hasEnded: () => boolean) => Promise<void> | void,
    ): Promise<EscpResult> {
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
      await interfere(parent, () => ended);
      const result = await running.result;
      const { stderr } = result;
      assertEquals(listNames(`${parent}/outside`), ["a", "small 1"], stderr);
      assertEquals(listNames(`${parent}/outside/a`), ["kept"], stderr);
      assertEquals(await Deno.readTextFile(`${parent}/outside/small 1`), "untouched");
      assert(!/bug in escp/.test(stderr), stderr);
      return result;
    }

    function exchangeBoth(parent: string): void {
      for (const name of ["a", "b"]) exchangeWithLink(parent, name);
    }

    for (const variant of VARIANTS) {
      it(`is not followed if it is put in place once: ${variantName(variant)}`, async () => {
        // The portable engine cannot check and open in one step: it must not be writing in the directory at this moment.
        const { code, stderr } = variant.engine === "portable"
          ? await copy(
            { ...variant, streams: 1 },
            small,
            (parent) => exchangeWithLink(parent, untouched(`${parent}/to`)),
          )
          : await copy(variant, mixed, exchangeBoth);
        assertEquals(code, 1, stderr);
        assertMatch(stderr, /it is a symbolic link/);
      });

      if (variant.engine === "portable") continue;
      it(`is not followed if it is put in place and removed repeatedly: ${variantName(variant)}`, async () => {
        await copy(variant, mixed, async (parent, hasEnded) => {
          for (; !hasEnded(); await turn()) exchangeBoth(parent);
        });
      });
    }
  },
);

function smallFiles(directory: string, count: number): TreeEntries {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`${directory}/small ${index}`, { size: 20_000 }]),
  );
}

/** Returns the directory in which the copy has not yet written. */
function untouched(to: string): string {
  const name = ["a", "b"].find((name) => listNames(`${to}/${name}`).length === 0);
  if (name === undefined) throw new Error("The copy has begun to write in both directories");
  return name;
}

function exchangeWithLink(parent: string, name: string): void {
  exchange(`${parent}/link ${name}`, `${parent}/to/${name}`);
}

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
