import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { FileEngine } from "../../src/files/engine/engine.ts";
import type { Target } from "../../src/files/engine/target.ts";
import { RecordType } from "../../src/protocol/data/records.ts";
import { applyRecords, ENGINES, frameOf, isNativeHere, TempDirectory } from "../files/file_engines.ts";
import { encodeAccessList, NOBODY, setXattr, xattrsOf } from "../support/files/xattrs.ts";

const OPTIONS = { umask: 0o022, token: "test" };
const ACCESS = "system.posix_acl_access";
const DEFAULT = "system.posix_acl_default";
const USER = 12345;

interface Permissions {
  owner: number;
  user?: number;
  group: number;
  mask?: number;
  other: number;
}

/** Returns a list as the system keeps it (acl(5)). */
function listOf({ owner, user, group, mask, other }: Permissions): Uint8Array<ArrayBuffer> {
  return encodeAccessList([
    [0x01, owner, NOBODY],
    ...(user === undefined ? [] : [[0x02, user, USER]] as const),
    [0x04, group, NOBODY],
    ...(mask === undefined ? [] : [[0x10, mask, NOBODY]] as const),
    [0x20, other, NOBODY],
  ]);
}

const latin1 = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);
const modeOf = (path: string) => Deno.statSync(path).mode! & 0o7777;

const hasLists = (() => {
  using directory = new TempDirectory();
  return isNativeHere && setXattr(directory.path, DEFAULT, listOf({ owner: 7, group: 5, other: 0 }));
})();
const why = hasLists ? "" : " (skipped: no access control lists here)";

function writeSmall(writer: Target, mode: number): void {
  applyRecords(writer, [[RecordType.enter, ""], [RecordType.file, "f", "new", mode]]);
}

function writeLarge(writer: Target, mode: number): void {
  const attributes = { mode, uid: Deno.uid()!, gid: Deno.gid()!, mtime: 5, mtimeNs: 0, atime: 5, atimeNs: 0 };
  writer.partials.commit(writer.partials.create(0, "f", 3), attributes);
}

const SUITE = "access control lists without --acls";
const KINDS = [["a small", writeSmall], ["a large", writeLarge]] as const;

for (const { title, make } of ENGINES) {
  const isNative = title.startsWith("native");
  describe(`${SUITE} (${title})${why}`, { ignore: !hasLists }, () => {
    const engine: FileEngine = make();
    const writerInto = (directory: TempDirectory, more: { preserve: boolean }) =>
      engine.openTarget([{ kind: "folder", path: directory.path, created: false }], { ...OPTIONS, ...more });

    for (const [kind, write] of KINDS) {
      it(`${kind} file that is replaced keeps its list`, { ignore: !isNative }, () => {
        const list = { owner: 6, user: 6, group: 0, mask: 6, other: 0 };
        for (const mode of [0o700, 0o755, 0o777]) {
          using directory = new TempDirectory();
          Deno.chmodSync(directory.path, mode);
          setXattr(directory.write("f", "old"), ACCESS, listOf(list));
          const writer = writerInto(directory, { preserve: false });
          write(writer, 0o666);
          writer.close();
          assertEquals(xattrsOf(directory.at("f"))[ACCESS], latin1(listOf(list)));
          assertEquals(modeOf(directory.at("f")), 0o660);
        }
      });

      it(`-p sets the mask of ${kind} file that is replaced, like chmod(1)`, { ignore: !isNative }, () => {
        for (const mode of [0o700, 0o755, 0o777]) {
          using directory = new TempDirectory();
          Deno.chmodSync(directory.path, mode);
          setXattr(directory.write("f", "old"), ACCESS, listOf({ owner: 6, user: 6, group: 0, mask: 6, other: 0 }));
          const writer = writerInto(directory, { preserve: true });
          write(writer, 0o644);
          writer.close();
          const wanted = { owner: 6, user: 6, group: 0, mask: 4, other: 4 };
          assertEquals(xattrsOf(directory.at("f"))[ACCESS], latin1(listOf(wanted)));
        }
      });

      it(`${kind} file without a list does not inherit one when it is replaced`, { ignore: !isNative }, () => {
        for (const preserve of [false, true]) {
          using directory = new TempDirectory();
          directory.write("f", "old", 0o640);
          setXattr(directory.path, DEFAULT, listOf({ owner: 7, user: 7, group: 7, mask: 7, other: 7 }));
          const writer = writerInto(directory, { preserve });
          write(writer, 0o640);
          writer.close();
          assertEquals([xattrsOf(directory.at("f")), modeOf(directory.at("f"))], [{}, 0o640]);
        }
      });

      it(`${kind} file that is new gets list and mode as from open(2)`, () => {
        const defaults: Permissions[] = [
          { owner: 7, user: 6, group: 7, mask: 4, other: 0 },
          { owner: 6, user: 7, group: 5, mask: 7, other: 5 },
          { owner: 7, group: 5, other: 0 },
          { owner: 6, group: 0, other: 4 },
        ];
        for (const list of defaults) {
          for (const mode of [0o666, 0o640, 0o755, 0o600]) {
            using directory = new TempDirectory();
            setXattr(directory.path, DEFAULT, listOf(list));
            const writer = writerInto(directory, { preserve: false });
            write(writer, mode);
            writer.close();
            Deno.openSync(directory.at("same"), { write: true, createNew: true, mode: mode & ~OPTIONS.umask }).close();
            assertEquals(xattrsOf(directory.at("f")), xattrsOf(directory.at("same")));
            assertEquals(modeOf(directory.at("f")).toString(8), modeOf(directory.at("same")).toString(8));
          }
        }
      });
    }

    it("a new directory gets list and mode as from mkdir(2)", () => {
      for (const list of [{ owner: 7, user: 6, group: 7, mask: 4, other: 0 }, { owner: 7, group: 5, other: 1 }]) {
        for (const mode of [0o777, 0o750, 0o700]) {
          using directory = new TempDirectory();
          setXattr(directory.path, DEFAULT, listOf(list));
          const writer = writerInto(directory, { preserve: false });
          const { frame, cursor } = frameOf([[RecordType.enter, "new"]]);
          cursor.next();
          writer.small.enter(0, frame, cursor.nameStart, cursor.nameEnd);
          const attributes = { mode, uid: 0, gid: 0, mtime: 5, mtimeNs: 0, atime: 5, atimeNs: 0 };
          const created = writer.small.takeCreated().map((touched) => ({ ...touched, attributes }));
          assertEquals(writer.directories.finish(created), []);
          writer.close();
          Deno.mkdirSync(directory.at("same"), { mode: mode & ~OPTIONS.umask });
          assertEquals(xattrsOf(directory.at("new")), xattrsOf(directory.at("same")));
          assertEquals(modeOf(directory.at("new")).toString(8), modeOf(directory.at("same")).toString(8));
        }
      }
    });
  });
}
