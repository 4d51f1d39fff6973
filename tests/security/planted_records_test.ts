import { assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { compareTrees } from "../support/files/compare_trees.ts";
import { assertSame, untilTrue, writeLargeFile } from "../support/escp/interruptions.ts";
import { lastEvent } from "../support/escp/json_events.ts";
import { listNames } from "../support/files/list_names.ts";
import { describeWithScene, type Variant, variantName, VARIANTS } from "../support/scene.ts";
import { partialFile } from "../support/escp/temporary_files.ts";
import { oldJournal, oldMark, oldName, oldRunLog, oldStat } from "./old_formats.ts";

const MIB = 1 << 20;
const OLD = new Date("2001-02-03T04:05:06Z");

describeWithScene("files of earlier versions that are planted in a target directory", { inProcess: true }, (scene) => {
  for (const variant of VARIANTS) {
    it(`a planted partial file and journal do not affect a large file: ${variantName(variant)}`, async () => {
      const source = await scene.tree();
      await writeLargeFile(`${source}/big`, 6 * MIB);
      const to = await scene.tree();
      const planted = new Uint8Array(6 * MIB).fill(0x78);
      const [partial, journal] = [`${to}/${oldName("big", "part")}`, `${to}/${oldName("big", "journal")}`];
      await Deno.writeFile(partial, planted);
      const contents = oldJournal("big", await oldStat(`${source}/big`, variant.engine), planted);
      await Deno.writeFile(journal, contents);
      const { code, stdout } = await scene.copy(variant, {
        flags: ["--json"],
        sources: [`${source}/big`],
        target: `${to}/big`,
      });
      const { bytes, resumed } = lastEvent(stdout);
      assertEquals([code, bytes, resumed], [0, 6 * MIB, 0]);
      await assertSame(`${source}/big`, `${to}/big`);
      // The planted files stay.
      assertEquals([await Deno.readFile(partial), await Deno.readFile(journal)], [planted, contents]);
    });

    it(`a planted run log does not prevent the sending of a file: ${variantName(variant)}`, async () => {
      const names = ["a", "b", "c"];
      const source = await scene.tree(
        Object.fromEntries(names.map((name) => [name, { content: `right ${name}`, mtime: OLD }])),
      );
      const to = await scene.tree(Object.fromEntries(names.map((name) => [name, `wrong ${name}`])));
      const finished = await Promise.all(names.map(async (name) => ({
        name,
        source: await oldStat(`${source}/${name}`, variant.engine),
        target: await oldStat(`${to}/${name}`, variant.engine),
      })));
      const log = `${to}/${oldName(to, "run")}`;
      const contents = oldRunLog(to, finished);
      await Deno.writeFile(log, contents);
      const manifest = variant.direction === "local" ? [] : ["--manifest", `${scene.sshd.home}/sums`];
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-r", ...manifest],
        sources: [`${source}/.`],
        target: to,
      });
      assertEquals([code, stderr], [0, ""]);
      for (const name of names) assertEquals(await Deno.readTextFile(`${to}/${name}`), `right ${name}`);
      assertEquals(await Deno.readFile(log), contents);
    });

    it(`a planted mark does not make a directory resumable: ${variantName(variant)}`, async () => {
      const source = await scene.tree({ "tree/file": "file" });
      const to = await scene.tree();
      const mark = oldMark("tree", await oldStat(`${source}/tree`, variant.engine));
      await Deno.writeFile(`${to}/${mark.name}`, mark.contents);
      const { code, stderr } = await scene.copy(variant, { flags: ["-r"], sources: [`${source}/tree`], target: to });
      assertEquals([code, stderr], [0, ""]);
      assertEquals(await compareTrees(`${source}/tree`, `${to}/tree`), []);
      assertEquals(listNames(to), [mark.name, "tree"]);
    });
  }
});

/** Such a file has a journal at once. */
const SIZE = 64 * MIB;

describeWithScene("a partial file that is swapped between two runs", { inProcess: true }, (scene) => {
  const SWAPS: [what: string, swap: (partial: string) => Promise<void>][] = [
    ["another file with the same bytes", async (partial) => {
      await Deno.copyFile(partial, `${partial}.new`);
      await Deno.rename(`${partial}.new`, partial);
    }],
    ["a symbolic link to the partial file", async (partial) => {
      await Deno.rename(partial, `${partial}.old`);
      await Deno.symlink(`${partial}.old`, partial);
    }],
    ["the partial file under two names", (partial) => Deno.link(partial, `${partial}.other`)],
  ];
  for (const [what, swap] of SWAPS) {
    for (const variant of VARIANTS) {
      it(`${what} is neither used nor touched: ${variantName(variant)}`, async () => {
        const source = await scene.tree();
        await writeLargeFile(`${source}/big`, SIZE);
        const to = await scene.tree();
        const copy = { sources: [`${source}/big`], target: `${to}/big` };
        const partial = await interrupted(variant, to, copy);
        await swap(partial);
        const before = await Deno.readFile(partial);
        const { code, stdout, stderr } = await scene.copy(variant, { flags: ["--json", "-l", "1000000000"], ...copy });
        const { bytes, resumed } = lastEvent(stdout);
        assertEquals([code, bytes, resumed], [0, SIZE, 0], stderr);
        await assertSame(`${source}/big`, `${to}/big`);
        assertEquals(await Deno.readFile(partial), before);
      });
    }
  }

  /** Kills a copy after a part of the file and returns the path of its partial file. */
  async function interrupted(
    variant: Variant,
    to: string,
    copy: { sources: string[]; target: string },
  ): Promise<string> {
    await using running = await scene.start(variant, { flags: ["-l", "100000", "--retries", "0"], ...copy });
    await untilTrue(() => blocksOf(partialFile(to)) * 512 >= 2 * MIB, running);
    running.kill("SIGKILL");
    await running.result;
    await scene.sshd.waitForNoSession(10_000);
    return partialFile(to)!;
  }
});

function blocksOf(path: string | undefined): number {
  try {
    return path === undefined ? 0 : Deno.statSync(path).blocks ?? 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
