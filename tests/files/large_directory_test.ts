import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ENGINES, sourceRoot, TempDirectory } from "./file_engines.ts";

const FILES = 50_000;
/** Limit of memory: far more than a piece of a listing and a pack, and far less than all entries. */
const AHEAD = 10_000;

for (const { title, make } of ENGINES) {
  describe(`listing a directory of ${FILES} files, ${title}`, () => {
    const engine = make();

    it("never loads all entries into memory", async () => {
      using temp = new TempDirectory();
      temp.directory("from");
      for (let index = 0; index < FILES; index++) Deno.createSync(temp.at(`from/file-${index}`)).close();
      const walk = engine.walk([sourceRoot(engine, temp.at("from"))], { recursive: true });
      const first = await walk.next();
      assertEquals(first?.type, "pack");
      // Entries that are already listed fail; the others are gone.
      Deno.removeSync(temp.at("from"), { recursive: true });
      let seen = 0;
      for (let item = first; item; item = await walk.next()) {
        if (item.type === "pack") seen += item.records;
        else if (item.type === "failed") seen++;
      }
      walk.close();
      assert(seen >= 500 && seen < AHEAD, `${seen} entries were listed ahead`);
    });

    it("returns each file once", async () => {
      using temp = new TempDirectory();
      temp.directory("from");
      const count = 20_000;
      for (let index = 0; index < count; index++) Deno.createSync(temp.at(`from/file-${index}`)).close();
      const walk = engine.walk([sourceRoot(engine, temp.at("from"))], { recursive: true });
      let files = 0;
      for (let item = await walk.next(); item; item = await walk.next()) {
        assertEquals(item.type, "pack");
        if (item.type === "pack") files += item.files;
      }
      walk.close();
      assertEquals(files, count);
    });
  });
}
