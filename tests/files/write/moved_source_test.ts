import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError } from "../../../src/errors.ts";
import type { FileEngine } from "../../../src/files/engine/engine.ts";
import { identityOf } from "../../../src/files/stat/file_identity.ts";
import { RecordCursor, RecordType } from "../../../src/protocol/data/records.ts";
import { ENGINES, TempDirectory } from "../file_engines.ts";

/** Compares each entry of a directory with the entry of its name in the target. @returns the names of moved sources. */
async function movedSources(sender: FileEngine, receiver: FileEngine, from: string, to: string): Promise<string[]> {
  const identity = identityOf(Deno.statSync(from));
  const walk = sender.walk([{ path: from, name: ".", kind: "folder", identity, size: 0 }], {
    recursive: true,
    symlinks: "preserve",
  });
  // As on another host: the root does not know its source.
  const comparer = await receiver.targetComparer([{ kind: "folder", path: to, created: false }], {
    ...{ preserve: true, token: "abcdefgh", umask: 0o022, moves: true },
  });
  const found: string[] = [];
  try {
    for (let item = await walk.next(); item; item = await walk.next()) {
      if (item.type !== "pack") continue;
      const { plan } = item;
      const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
      while (cursor.next()) {
        const { type, root, nameStart, nameEnd } = cursor;
        if (type === RecordType.enter || type === RecordType.directory) {
          comparer.enter(root, plan, nameStart, nameEnd);
          continue;
        }
        assertEquals(comparer.examine(cursor, plan), true);
        const isSame = () => type === RecordType.file ? comparer.isSource(cursor) : comparer.isLink(cursor, plan);
        try {
          isSame();
        } catch {
          assertThrows(isSame, FileError, "it is the source itself");
          found.push(comparer.path.slice(to.length + 1));
        }
      }
    }
  } finally {
    walk.close();
    comparer.close();
  }
  return found.toSorted();
}

for (const { title, make } of ENGINES) {
  for (const peer of ENGINES) {
    describe(`sources that are removed (${title} to ${peer.title})`, () => {
      it("are recognized in a target on a shared file system, files and links", async () => {
        using temp = new TempDirectory();
        temp.directory("from/d");
        temp.write("from/d/a", "a");
        Deno.symlinkSync("a", temp.at("from/d/l"));
        const [sender, receiver] = [make(), peer.make()];
        assertEquals(await movedSources(sender, receiver, temp.at("from"), temp.at("from")), ["d/a", "d/l"]);
      });

      it("are not found in a target with copies", async () => {
        using temp = new TempDirectory();
        for (const root of ["from", "to"]) {
          temp.directory(`${root}/d`);
          temp.write(`${root}/d/a`, "a");
          Deno.symlinkSync("a", temp.at(`${root}/d/l`));
        }
        assertEquals(await movedSources(make(), peer.make(), temp.at("from"), temp.at("to")), []);
      });
    });
  }
}
