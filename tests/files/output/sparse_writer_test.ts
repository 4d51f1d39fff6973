import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { RecordType } from "../../../src/protocol/data/records.ts";
import { overwriteWithZeros } from "../../../src/files/output/sparse_writer.ts";
import { allocatedBytes, canHaveHoles } from "../../support/files/holes.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import { ENGINES, frameOf, rawShell, sourceRoot, TempDirectory } from "../file_engines.ts";

const KIB = 1 << 10;
const MIB = 1 << 20;
const ATTRIBUTES = { mode: 0o640, uid: 0, gid: 0, mtime: 1_500_000_000, mtimeNs: 5, atime: 1_500_000_000, atimeNs: 6 };
const { enter, file } = RecordType;
using probe = new TempDirectory();
const holes = canHaveHoles(probe.path);

/** Creates a file with data at the given offsets and holes elsewhere. */
function sparseFile(path: string, size: number, data: [offset: number, bytes: number][]): void {
  using made = Deno.openSync(path, { write: true, create: true });
  for (const [offset, bytes] of data) {
    made.seekSync(offset, Deno.SeekMode.Start);
    made.writeSync(new Uint8Array(bytes).fill(1));
  }
  made.truncateSync(size);
}

for (const { title, make } of ENGINES) {
  describe(`holes, ${title}`, () => {
    const engine = make();
    const options = { preserve: false, umask: 0o022, token: "test", sparse: true };
    const into = (directory: string, more = {}) =>
      engine.openTarget([{ kind: "folder", path: directory, created: false }], { ...options, ...more });
    const open = (temp: TempDirectory, name: string) => {
      const reader = engine.sourceReader([sourceRoot(engine, temp.path)]);
      return reader.openLarge(0, name);
    };

    it("of a source are reported if they are large enough", { ignore: !holes || title === "portable" }, () => {
      using temp = new TempDirectory();
      // Data of 4 KiB at 1 MiB, a small hole, data, and a hole up to an unaligned end.
      sparseFile(temp.at("f"), 3 * MIB + 5, [[MIB, 4 * KIB], [MIB + 32 * KIB, 4 * KIB]]);
      const reader = open(temp, "f");
      assertEquals(reader.holeAt(0, 8 * MIB), MIB);
      assertEquals(reader.holeAt(0, 100), 100);
      assertEquals(reader.holeAt(MIB, MIB), 0);
      assertEquals(reader.dataAt(MIB, MIB), 36 * KIB);
      assertEquals(reader.dataAt(MIB, 10 * KIB), 10 * KIB);
      assertEquals(reader.holeAt(MIB + 4 * KIB, MIB), 0, "too small");
      assertEquals(reader.holeAt(MIB + 36 * KIB, 9 * MIB), 2 * MIB - 36 * KIB + 5);
      assertEquals(reader.holeAt(3 * MIB + 5, 1), 0, "beyond the end");
      reader.close();
    });

    it("are not reported after the end of a truncated file", () => {
      using temp = new TempDirectory();
      sparseFile(temp.at("f"), 2 * MIB, []);
      const reader = open(temp, "f");
      Deno.truncateSync(temp.at("f"), 1 * MIB);
      assert(reader.holeAt(0, 2 * MIB) <= MIB);
      assertEquals(reader.holeAt(MIB, MIB), 0);
      reader.close();
    });

    it("are created for pages of zeros in a large file", { ignore: !holes }, () => {
      using temp = new TempDirectory();
      const writer = into(temp.path);
      const partial = writer.partials.create(0, "f", 3 * MIB + 1);
      const out = writer.partials.open(partial);
      const bytes = new Uint8Array(MIB);
      bytes[5 * 4096] = bytes[6 * 4096 - 1] = 1;
      out.writeAt(bytes, 0, MIB, 0);
      out.zerosAt(MIB, MIB);
      out.writeAt(new Uint8Array(MIB + 1), 0, MIB + 1, 2 * MIB);
      out.close();
      writer.partials.commit(partial, ATTRIBUTES);
      writer.close();
      const expected = new Uint8Array(3 * MIB + 1);
      expected.set(bytes);
      assertEquals(Deno.readFileSync(temp.at("f")), expected);
      assertEquals(allocatedBytes(temp.at("f")), 4096);
    });

    it("replace existing data", () => {
      using temp = new TempDirectory();
      const writer = into(temp.path);
      const partial = writer.partials.create(0, "f", 4 * MIB + 100);
      const expected = randomBytes(4 * MIB + 100, 1);
      const out = writer.partials.open(partial);
      out.writeAt(expected, 0, expected.length, 0);
      for (const [start, end] of [[MIB, 3 * MIB], [5000, 5001], [4 * MIB + 50, 4 * MIB + 100]]) {
        out.zerosAt(start, end - start);
        expected.fill(0, start, end);
      }
      // Another attempt sends a block of zeros as data.
      out.writeAt(new Uint8Array(8 * KIB), 0, 8 * KIB, 64 * KIB);
      expected.fill(0, 64 * KIB, 72 * KIB);
      out.close();
      writer.partials.commit(partial, ATTRIBUTES);
      writer.close();
      assertEquals(Deno.readFileSync(temp.at("f")), expected);
      if (holes && title !== "portable") assert(allocatedBytes(temp.at("f")) < 2.2 * MIB);
    });

    it("at the end of a file without a known size count", () => {
      using temp = new TempDirectory();
      const writer = into(temp.path);
      const made = writer.partials.create(0, "f", 0);
      const out = writer.partials.open({ ...made, size: Number.MAX_SAFE_INTEGER });
      out.writeAt(new Uint8Array(MIB).fill(1, 0, 10), 0, MIB, 0);
      out.zerosAt(MIB, 5);
      out.close();
      writer.partials.commit({ ...made, size: MIB + 5 }, ATTRIBUTES);
      writer.close();
      assertEquals(Deno.readFileSync(temp.at("f")), new Uint8Array(MIB + 5).fill(1, 0, 10));
    });

    it("are created in small files only if requested", { ignore: !holes }, () => {
      using temp = new TempDirectory();
      const some = new Uint8Array(100_001);
      some[50_000] = 1;
      const contents: Record<string, Uint8Array> = {
        all: new Uint8Array(MIB),
        one: new Uint8Array(1),
        none: randomBytes(10_000, 1),
        empty: new Uint8Array(0),
        some,
      };
      for (const sparse of [true, false]) {
        const directory = temp.directory(`${sparse}`);
        const writer = into(directory, { sparse });
        const records = Object.entries(contents).map((
          [name, bytes],
        ): [number, string, Uint8Array] => [file, name, bytes]);
        const { frame, cursor } = frameOf([[enter, ""], ...records]);
        cursor.next();
        writer.small.enter(0, frame, cursor.nameStart, cursor.nameEnd);
        while (cursor.next()) writer.small.writeWhole(cursor, frame);
        writer.close();
        for (const [name, bytes] of Object.entries(contents)) {
          assertEquals(Deno.readFileSync(`${directory}/${name}`), bytes, name);
        }
        const allocated = Object.keys(contents).map((name) => allocatedBytes(`${directory}/${name}`) / 4096);
        assertEquals(allocated, sparse ? [0, 0, 3, 0, 1] : [256, 1, 3, 0, 25], `sparse: ${sparse}`);
      }
    });

    it("are written as zeros to a pipe", { ignore: Deno.build.os === "windows" }, async () => {
      using temp = new TempDirectory();
      rawShell("mkfifo pipe", temp.path);
      const reader = new Deno.Command("cat", { args: [temp.at("pipe")], stdout: "piped" }).spawn();
      const read = reader.output();
      const out = engine.openTarget([{ kind: "device", path: temp.at("pipe") }], options).openDevice(0, () => {})!;
      await out.write(new Uint8Array([1, 2]), 0, 2, 0);
      await out.writeZeros(2, 50_000);
      await out.write(new Uint8Array(8), 0, 8, 50_002);
      out.close();
      const expected = new Uint8Array(50_010);
      expected.set([1, 2]);
      assertEquals((await read).stdout, expected);
    });
  });
}

describe("overwriteWithZeros", () => {
  it("writes only where the file contains data, and not after its end", () => {
    const bytes = new Uint8Array(MIB + 10);
    bytes[600_000] = 1;
    const written: number[][] = [];
    overwriteWithZeros(
      {
        readAt(buffer, length, offset) {
          const part = bytes.subarray(offset, offset + length);
          buffer.set(part);
          return part.length;
        },
        writeAt(buffer, length, offset) {
          bytes.set(buffer.subarray(0, length), offset);
          written.push([offset, length]);
        },
      },
      100,
      9 * MIB,
    );
    assertEquals(written.length, 1);
    assert(bytes.every((byte) => byte === 0));
  });
});
