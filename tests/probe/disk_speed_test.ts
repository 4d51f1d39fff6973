import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { delay } from "@std/async/delay";
import { describe, it } from "@std/testing/bdd";
import { UserError } from "../../src/errors.ts";
import { measureDisk } from "../../src/probe/disk_speed.ts";
import { listNames } from "../support/files/list_names.ts";
import { mountSmallDisk, smallDiskProblem } from "../support/files/small_disk.ts";
import { createTempTree } from "../support/files/temp_tree.ts";
import { ENGINES, isRoot } from "../files/file_engines.ts";

for (const { title, make } of ENGINES) {
  describe(`measureDisk (${title})`, () => {
    it("always writes and reads one batch, and leaves no file", async () => {
      await using tree = await createTempTree({ "before": "before" });
      const files = make();
      const found = await measureDisk(files, { directory: tree.path, ms: 0 });
      assertEquals([found.folder, found.bytes, found.cached], [tree.path, 4 << 20, files.name === "portable"]);
      assert(found.writeBytesPerSecond > 0 && found.readBytesPerSecond > 0);
      assertEquals(listNames(tree.path), ["before"]);
    });

    it("writes to a file without a name", async () => {
      await using tree = await createTempTree({});
      const stop = new AbortController();
      const running = measureDisk(make(), { directory: tree.path, ms: 60_000, signal: stop.signal });
      const ended = assertRejects(() => running, Error, "enough");
      // The measurement yields to the event loop every few MiB.
      for (let turns = 0; turns < 20; turns++) {
        await delay(0);
        assertEquals(listNames(tree.path), []);
      }
      stop.abort(new Error("enough"));
      await ended;
    });

    it("reports a missing directory and a file", async () => {
      await using tree = await createTempTree({ "file": "" });
      const reason = async (directory: string, within?: string) => {
        const error = await assertRejects(() => measureDisk(make(), { directory, within, ms: 1 }), UserError);
        return error.message;
      };
      assertMatch(await reason(`${tree.path}/none`), /none": No such file/);
      assertMatch(await reason(`${tree.path}/file`), /file": .*[nN]ot a (directory|directory)/);
    });

    it("refuses a directory outside the confinement", { ignore: Deno.build.os === "windows" }, async () => {
      await using tree = await createTempTree({ "in/x": "", "out/y": "" });
      await Deno.symlink(`${tree.path}/out`, `${tree.path}/in/link`);
      const within = `${tree.path}/in`;
      await measureDisk(make(), { directory: within, within, ms: 1 });
      await assertRejects(() => measureDisk(make(), { directory: `${within}/link`, within, ms: 1 }), UserError);
      assertEquals(listNames(`${tree.path}/out`), ["y"]);
    });

    it("refuses to write to a full disk", { ignore: smallDiskProblem !== undefined || !isRoot }, async () => {
      await using disk = await mountSmallDisk("size=15m");
      await assertRejects(() => measureDisk(make(), { directory: disk.path, ms: 1 }), UserError, "it is full");
      await disk.remount("size=17m");
      assertEquals((await measureDisk(make(), { directory: disk.path, ms: 60_000 })).bytes, 4 << 20);
    });
  });
}
