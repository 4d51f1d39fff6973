import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError } from "../../src/errors.ts";
import type { FileEngine, RangeReader, RangeWriter } from "../../src/files/engine.ts";
import { createNativeEngine } from "../../src/files/native_engine.ts";
import { crc32 } from "../../src/protocol/crc32.ts";
import { decodeJournal, encodeJournalHeader } from "../../src/resume/journal.ts";
import { JournalWriter } from "../../src/resume/journal_writer.ts";
import { Breather } from "../../src/streams/breather.ts";
import { LentFiles } from "../../src/streams/lent_files.ts";
import { randomBytes } from "../support/random_bytes.ts";
import { isNativeHere, TempFolder } from "./file_engines.ts";

const BYTES = 3_000_001;
const wanted = { isWanted: () => true };

/** A file that is open, as a sender has it, and a new one beside it. */
class Scene implements Disposable {
  readonly folder = new TempFolder();
  readonly contents = randomBytes(BYTES, "lent");
  readonly engine: FileEngine = createNativeEngine().engine;
  readonly breather = new Breather();
  readonly reader: RangeReader;
  readonly writer: RangeWriter;

  constructor() {
    const path = this.folder.write("from", this.contents);
    const { dev, ino: inode } = Deno.statSync(path);
    const root = { path, name: "from", kind: "file" as const, identity: { dev, inode: inode! }, size: BYTES };
    this.reader = this.engine.sourceReader([root]).openRanged(0, "");
    const target = this.engine.targetWriter(
      [{ kind: "file", folder: this.folder.path, name: "to" }],
      { preserve: false, umask: 0o022, token: "lent" },
    );
    const partial = target.createPartial(0, "", BYTES);
    this.writer = target.openPartial(partial);
    this.temporary = this.folder.at(partial.temporary);
  }
  readonly temporary: string;

  get files(): LentFiles {
    return new LentFiles(this.engine, Deno.pid, this.breather);
  }

  [Symbol.dispose](): void {
    this.reader.close();
    this.writer.close();
    this.breather.close();
    this.folder[Symbol.dispose]();
  }
}

/** The same file for somebody whose system cannot copy. */
function withoutCopying(writer: RangeWriter): RangeWriter {
  return { ...withoutSharing(writer), copyFrom: () => Promise.resolve(0) };
}

/** The same file on a file system that shares no blocks. */
function withoutSharing(writer: RangeWriter): RangeWriter {
  return {
    path: writer.path,
    writeAt: (...args) => writer.writeAt(...args),
    writeAside: (...args) => writer.writeAside!(...args),
    zerosAt: (...args) => writer.zerosAt(...args),
    close() {},
  };
}

/** How often this process has it open. */
function descriptorsOf(path: string): number {
  let count = 0;
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      if (Deno.readLinkSync(`/proc/self/fd/${name}`) === path) count++;
    } catch {
      // That of the listing itself.
    }
  }
  return count;
}

describe("a lent file", { ignore: !isNativeHere }, () => {
  it("is copied from where the other end has it open, also when it has no name any more", async () => {
    using scene = new Scene();
    Deno.removeSync(scene.folder.at("from"));
    const copied = await scene.files.copy(scene.reader.lent!, scene.writer, { offset: 0, length: BYTES }, wanted);
    assert(copied);
    assertEquals(Deno.readFileSync(scene.temporary), scene.contents);
  });

  it("is copied in parts, each to its place", async () => {
    using scene = new Scene();
    for (const [offset, length] of [[1_000_003, BYTES - 1_000_003], [0, 1_000_003]]) {
      await scene.files.copy(scene.reader.lent!, scene.writer, { offset, length }, wanted);
    }
    assertEquals(Deno.readFileSync(scene.temporary), scene.contents);
  });

  it("is copied by the system", async () => {
    using scene = new Scene();
    const copied = await scene.writer.copyFrom!(scene.reader, 7, 100);
    assert(copied > 0 && copied <= 100);
    assertEquals(Deno.readFileSync(scene.temporary).subarray(7, 7 + copied), scene.contents.subarray(7, 7 + copied));
  });

  it("is read and written where the system cannot copy", async () => {
    using scene = new Scene();
    await scene.files.copy(scene.reader.lent!, withoutCopying(scene.writer), { offset: 0, length: BYTES }, wanted);
    assertEquals(Deno.readFileSync(scene.temporary), scene.contents);
  });

  it("is noted in a journal, each piece with its sum", async () => {
    using scene = new Scene();
    const path = scene.folder.at("journal");
    const name = new TextEncoder().encode("to");
    Deno.writeFileSync(path, encodeJournalHeader({ size: BYTES, mtime: 0, mtimeNs: 0, identity: "from", name }));
    const journal = new JournalWriter(path);
    const part = { offset: 1_000_003, length: BYTES - 1_000_003 };
    await scene.files.copy(scene.reader.lent!, withoutSharing(scene.writer), part, { ...wanted, journal });
    journal.close();
    const { blocks } = decodeJournal(Deno.readFileSync(path))!;
    assertEquals(blocks.map(({ start, end }) => [start, end]), [[1_000_003, 2_048_579], [2_048_579, BYTES]]);
    for (const { start, end, crc32: sum } of blocks) assertEquals(sum, crc32(scene.contents, start, end));
    assertEquals(Deno.readFileSync(scene.temporary).subarray(part.offset), scene.contents.subarray(part.offset));
  });

  it("is not noted where the file system shares its blocks", async () => {
    using scene = new Scene();
    const shared: [number, number][] = [];
    const sharing: RangeWriter = {
      ...withoutSharing(scene.writer),
      shareFrom: (_, offset, length) => Promise.resolve(shared.push([offset, length]) > 0),
    };
    const path = scene.folder.write("journal", new Uint8Array());
    const journal = new JournalWriter(path);
    await scene.files.copy(scene.reader.lent!, sharing, { offset: 5, length: BYTES - 5 }, { ...wanted, journal });
    journal.close();
    assertEquals(shared, [[5, BYTES - 5]]);
    assertEquals(Deno.statSync(path).size, 0);
  });

  it("shares its blocks, or says that the file system cannot", async () => {
    using scene = new Scene();
    // Up to the end of the file: sharing goes by whole blocks.
    const isShared = await scene.writer.shareFrom!(scene.reader, 0, BYTES);
    assertEquals(Deno.readFileSync(scene.temporary), isShared ? scene.contents : new Uint8Array(BYTES));
  });

  it("is written in another thread, and closing meanwhile waits", async () => {
    using scene = new Scene();
    const buffer = scene.contents.slice();
    assertEquals(await scene.reader.readAside!(buffer, 100, 1000, 5), 1000);
    assertEquals(buffer.subarray(100, 1100), scene.contents.subarray(5, 1005));
    const writing = scene.writer.writeAside!(buffer, 100, 1000, 7);
    scene.writer.close();
    assertEquals(descriptorsOf(scene.temporary), 1);
    assertEquals(await writing, 1000);
    assertEquals(descriptorsOf(scene.temporary), 0);
    assertEquals(Deno.readFileSync(scene.temporary).subarray(7, 1007), scene.contents.subarray(5, 1005));
  });

  it("is not written when nobody wants it any more by the time that it is read", async () => {
    using scene = new Scene();
    const part = { offset: 0, length: BYTES };
    let asked = 0;
    const isWanted = () => asked++ === 0;
    assertEquals(await scene.files.copy(scene.reader.lent!, withoutCopying(scene.writer), part, { isWanted }), false);
    assertEquals(Deno.readFileSync(scene.temporary), new Uint8Array(BYTES));
  });

  it("is written by this thread where another cannot, which says why", async () => {
    using scene = new Scene();
    const writer = { ...withoutCopying(scene.writer), writeAside: () => Promise.resolve(-1) };
    await scene.files.copy(scene.reader.lent!, writer, { offset: 0, length: BYTES }, wanted);
    assertEquals(Deno.readFileSync(scene.temporary), scene.contents);
    scene.writer.close();
    const copying = scene.files.copy(scene.reader.lent!, writer, { offset: 0, length: BYTES }, wanted);
    await assertRejects(() => copying, FileError, "Bad file descriptor");
  });

  it("makes the system step aside for good where it once could not copy", async () => {
    using scene = new Scene();
    const other = { ...scene.reader.lent!, descriptor: 1 << 20 };
    const gone: RangeReader = new Proxy(scene.reader, {
      get: (reader, name) => name === "lent" ? other : Reflect.get(reader, name),
    });
    assertEquals(await scene.writer.copyFrom!(gone, 0, 10), 0);
    assertEquals(await scene.writer.copyFrom!(scene.reader, 0, 10), 0);
  });

  it("is refused when it is another one, or none", () => {
    using scene = new Scene();
    const { lent } = scene.reader;
    for (
      const wrong of [{ ...lent!, inode: lent!.inode + 1 }, { ...lent!, dev: lent!.dev + 1 }, {
        ...lent!,
        descriptor: 1 << 20,
      }]
    ) {
      assertThrows(() => scene.engine.openLent!(Deno.pid, wrong), FileError);
    }
  });

  it("fails when it is shorter than it was", async () => {
    using scene = new Scene();
    Deno.truncateSync(scene.folder.at("from"), 2_000_000);
    const copying = scene.files.copy(scene.reader.lent!, scene.writer, { offset: 0, length: BYTES }, wanted);
    const error = await assertRejects(() => copying, FileError, "shorter");
    assert(error.message.includes(scene.folder.at("from")), error.message);
  });

  it("is not copied any further when nobody wants it, and closing meanwhile waits", async () => {
    using scene = new Scene();
    let isWanted = true;
    const copying = scene.files.copy(
      scene.reader.lent!,
      scene.writer,
      { offset: 0, length: BYTES },
      { isWanted: () => isWanted },
    );
    // The system has been asked by now, and is at work in another thread.
    isWanted = false;
    scene.writer.close();
    assertEquals(descriptorsOf(scene.temporary), 1);
    assertEquals(await copying, false);
    assertEquals(descriptorsOf(scene.temporary), 0);
  });
});
