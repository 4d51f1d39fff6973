import { assert, assertEquals } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { equals } from "../../src/bytes.ts";
import { compareTrees } from "../support/files/compare_trees.ts";
import { assertSame, takenBytes, untilTrue, writeLargeFile } from "../support/escp/interruptions.ts";
import { lastEvent } from "../support/escp/json_events.ts";
import { listNames } from "../support/files/list_names.ts";
import { describeWithScene, type Variant, variantName, VARIANTS } from "../support/scene.ts";
import { partialFile } from "../support/escp/temporary_files.ts";
import { oldJournal, oldMark, oldName, oldRunLog, oldStat } from "./old_formats.ts";

const MIB = 1 << 20;
const OLD = new Date("2001-02-03T04:05:06Z");

describeWithScene("files of earlier versions that are planted in a target directory", { inProcess: true }, (scene) => {
  let large: string;
  beforeAll(async () => {
    large = `${await scene.tree()}/big`;
    await writeLargeFile(large, 6 * MIB);
  });

  for (const variant of VARIANTS) {
    it(`a planted partial file and journal do not affect a large file: ${variantName(variant)}`, async () => {
      const to = await scene.tree();
      const planted = new Uint8Array(6 * MIB).fill(0x78);
      const [partial, journal] = [`${to}/${oldName("big", "part")}`, `${to}/${oldName("big", "journal")}`];
      await Deno.writeFile(partial, planted);
      const contents = oldJournal("big", await oldStat(large, variant.engine), planted);
      await Deno.writeFile(journal, contents);
      const { code, stdout } = await scene.copy(variant, {
        flags: ["--json"],
        sources: [large],
        target: `${to}/big`,
      });
      const { bytes, resumed } = lastEvent(stdout);
      assertEquals([code, bytes, resumed], [0, 6 * MIB, 0]);
      await assertSame(large, `${to}/big`);
      assert(equals(await Deno.readFile(partial), planted), "the planted partial file has changed");
      assert(equals(await Deno.readFile(journal), contents), "the planted journal has changed");
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
      assert(equals(await Deno.readFile(log), contents), "the planted run log has changed");
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
  let large: string;
  beforeAll(async () => {
    large = `${await scene.tree()}/big`;
    await writeLargeFile(large, SIZE);
  });

  for (const [what, swap] of SWAPS) {
    for (const variant of VARIANTS) {
      it(`${what} is neither used nor touched: ${variantName(variant)}`, async () => {
        const to = await scene.tree();
        const copy = { sources: [large], target: `${to}/big` };
        const partial = await interrupted(variant, to, copy);
        await swap(partial);
        const before = await Deno.readFile(partial);
        const { code, stdout, stderr } = await scene.copy(variant, { flags: ["--json", "-l", "1000000000"], ...copy });
        const { bytes, resumed } = lastEvent(stdout);
        assertEquals([code, bytes, resumed], [0, SIZE, 0], stderr);
        await assertSame(large, `${to}/big`);
        assert(equals(await Deno.readFile(partial), before), `${partial} has changed`);
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
    await untilTrue(() => takenBytes(to) >= 2 * MIB, running);
    running.kill("SIGKILL");
    await running.result;
    await scene.sshd.waitForNoSession();
    return partialFile(to)!;
  }
});
