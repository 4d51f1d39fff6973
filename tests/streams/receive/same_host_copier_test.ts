import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError } from "../../../src/errors.ts";
import type { FileEngine } from "../../../src/files/engine/engine.ts";
import type { RangeReader } from "../../../src/files/engine/source.ts";
import type { RangeWriter } from "../../../src/files/engine/partial_file.ts";
import type { TargetOptions } from "../../../src/files/engine/target_options.ts";
import { createNativeEngine } from "../../../src/files/native/engine.ts";
import { EventLoopYielder } from "../../../src/async/event_loop_yielder.ts";
import { SameHostCopier } from "../../../src/streams/receive/same_host_copier.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import { isNativeHere, TempDirectory } from "../../files/file_engines.ts";

const BYTES = 3_000_001;
const MIB = 1 << 20;
const wanted = { isNeeded: () => true };

/** An open source file, as a sender has it, and a new target file. */
class Scene implements Disposable {
  readonly directory = new TempDirectory();
  readonly contents = randomBytes(BYTES, "local");
  readonly engine: FileEngine = createNativeEngine().engine;
  readonly yielder = new EventLoopYielder();
  readonly reader: RangeReader;
  readonly writer: RangeWriter;

  constructor(options: Partial<TargetOptions> = {}) {
    const path = this.directory.write("from", this.contents);
    const { dev, ino: inode } = Deno.statSync(path);
    const root = { path, name: "from", kind: "file" as const, identity: { dev, inode: inode! }, size: BYTES };
    this.reader = this.engine.sourceReader([root]).openLarge(0, "");
    const target = this.engine.openTarget(
      [{ kind: "file", directory: this.directory.path, name: "to" }],
      { preserve: false, umask: 0o022, token: "local", ...options },
    );
    const partial = target.partials.create(0, "", BYTES);
    this.writer = target.partials.open(partial);
    this.temporary = this.directory.at(partial.temporary);
  }
  readonly temporary: string;

  get files(): SameHostCopier {
    return new SameHostCopier(this.engine, Deno.pid, this.yielder);
  }

  [Symbol.dispose](): void {
    this.reader.close();
    this.writer.close();
    this.yielder.close();
    this.directory[Symbol.dispose]();
  }
}

/** Returns the target without system calls that copy. */
function withoutCopying(writer: RangeWriter): RangeWriter {
  return { ...without(writer), copyFrom: () => Promise.resolve(0) };
}

/** Returns the target on a file system that shares no blocks; `copied` collects the requested ranges. */
function withoutSharing(writer: RangeWriter, copied: [number, number][]): RangeWriter {
  return {
    ...without(writer),
    async copyFrom(reader, offset, length) {
      const bytes = await writer.copyFrom!(reader, offset, length);
      if (bytes > 0) copied.push([offset, bytes]);
      return bytes;
    },
  };
}

/** Returns only the methods that every writer has. */
function without(writer: RangeWriter): RangeWriter {
  return {
    path: writer.path,
    writeAt: (...args) => writer.writeAt(...args),
    writeAsync: (...args) => writer.writeAsync!(...args),
    readBackAsync: (...args) => writer.readBackAsync!(...args),
    holeAt: (...args) => writer.holeAt!(...args),
    zerosAt: (...args) => writer.zerosAt(...args),
    close() {},
  };
}

/** Merges adjacent ranges. */
function joined(ranges: [number, number][]): [number, number][] {
  const all: [number, number][] = [];
  for (const [offset, length] of ranges) {
    const last = all.at(-1);
    if (last && last[0] + last[1] === offset) last[1] += length;
    else all.push([offset, length]);
  }
  return all;
}

/** Returns how often this process has a file open. */
function descriptorsOf(path: string): number {
  let count = 0;
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      if (Deno.readLinkSync(`/proc/self/fd/${name}`) === path) count++;
    } catch {
      // The descriptor of the listing is closed.
    }
  }
  return count;
}

describe("local copy of a shared file", { ignore: !isNativeHere }, () => {
  it("reads the open file of the sender, even if the file was removed", async () => {
    using scene = new Scene();
    Deno.removeSync(scene.directory.at("from"));
    const found = await scene.files.copy(scene.reader.shared!, scene.writer, { offset: 0, length: BYTES }, wanted);
    assertEquals(found, 0);
    assertEquals(Deno.readFileSync(scene.temporary), scene.contents);
  });

  it("copies each range to its offset", async () => {
    using scene = new Scene();
    for (const [offset, length] of [[1_000_003, BYTES - 1_000_003], [0, 1_000_003]]) {
      await scene.files.copy(scene.reader.shared!, scene.writer, { offset, length }, wanted);
    }
    assertEquals(Deno.readFileSync(scene.temporary), scene.contents);
  });

  it("lets the system copy the bytes", async () => {
    using scene = new Scene();
    const copied = await scene.writer.copyFrom!(scene.reader, 7, 100);
    assert(copied > 0 && copied <= 100);
    assertEquals(Deno.readFileSync(scene.temporary).subarray(7, 7 + copied), scene.contents.subarray(7, 7 + copied));
  });

  it("reads and writes if the system cannot copy", async () => {
    using scene = new Scene();
    await scene.files.copy(scene.reader.shared!, withoutCopying(scene.writer), { offset: 0, length: BYTES }, wanted);
    assertEquals(Deno.readFileSync(scene.temporary), scene.contents);
  });

  for (const sparse of [false, true]) {
    it(`copies only what the target lacks${sparse ? ", with holes too" : ""}`, async () => {
      using scene = new Scene({ sparse });
      const { contents } = scene;
      scene.writer.writeAt(contents.slice(), 0, 2 * MIB, 0);
      scene.writer.writeAt(new Uint8Array([contents[MIB + 5] ^ 1]), 0, 1, MIB + 5);
      const copied: [number, number][] = [];
      const writer = sparse ? scene.writer : withoutSharing(scene.writer, copied);
      const range = { offset: 0, length: BYTES };
      assertEquals(await scene.files.copy(scene.reader.shared!, writer, range, { ...wanted, compares: true }), MIB);
      assertEquals(Deno.readFileSync(scene.temporary), contents);
      if (!sparse) assertEquals(joined(copied), [[MIB, BYTES - MIB]]);
      // The target contains everything now.
      assertEquals(await scene.files.copy(scene.reader.shared!, writer, range, { ...wanted, compares: true }), BYTES);
      if (!sparse) assertEquals(joined(copied), [[MIB, BYTES - MIB]]);
    });
  }

  it("copies everything if the target cannot contain it", async () => {
    using scene = new Scene();
    scene.writer.writeAt(scene.contents.slice(), 0, BYTES, 0);
    const copied: [number, number][] = [];
    const writer = withoutSharing(scene.writer, copied);
    assertEquals(await scene.files.copy(scene.reader.shared!, writer, { offset: 0, length: BYTES }, wanted), 0);
    assertEquals(joined(copied), [[0, BYTES]]);
  });

  it("uses buffers that outlive the stream and are reused by the next one", async () => {
    const memory = new Set<ArrayBuffer>();
    for (let stream = 0; stream < 2; stream++) {
      using scene = new Scene();
      const { reader: { shared }, files } = scene;
      const plain = withoutCopying(scene.writer);
      const writer: RangeWriter = {
        ...plain,
        readBackAsync: (buffer, ...args) => plain.readBackAsync!((memory.add(buffer.buffer), buffer), ...args),
        writeAsync: (buffer, ...args) => plain.writeAsync!((memory.add(buffer.buffer), buffer), ...args),
      };
      scene.writer.writeAt(scene.contents.slice(), 0, MIB, 0);
      assertEquals(await files.copy(shared!, writer, { offset: 0, length: BYTES }, { ...wanted, compares: true }), MIB);
      assertEquals(Deno.readFileSync(scene.temporary), scene.contents);
    }
    assertEquals(memory.size, 2);
  });

  it("does not compare if the file system shares blocks, which takes no time", async () => {
    using scene = new Scene();
    const shared: [number, number][] = [];
    const sharing: RangeWriter = {
      ...without(scene.writer),
      shareFrom: (_, offset, length) => Promise.resolve(shared.push([offset, length]) > 0),
      holeAt: () => assert(false),
    };
    const range = { offset: 5, length: BYTES - 5 };
    assertEquals(await scene.files.copy(scene.reader.shared!, sharing, range, { ...wanted, compares: true }), 0);
    assertEquals(shared, [[5, BYTES - 5]]);
  });

  it("keeps a partial file for a later copy only if it contains data", async () => {
    using scene = new Scene();
    using to = new TempDirectory();
    using state = new TempDirectory();
    const source = { size: BYTES, mtime: 0, mtimeNs: 0, identity: "1:2" };
    const resumable = { record: state.at("record"), target: to.at("to"), source };
    const begin = async () => {
      const target = scene.engine.openTarget(
        [{ kind: "file", directory: to.path, name: "to" }],
        { preserve: false, umask: 0o022, token: "local", localCopy: true },
      );
      return { target, partial: (await target.partials.begin(0, "", BYTES, { resumable })).partial };
    };
    const first = await begin();
    assert(!first.partial.continued);
    first.target.partials.keep(first.partial);
    assertEquals(to.list(), []);
    const second = await begin();
    const writer = second.target.partials.open(second.partial);
    writer.writeAt(scene.contents.slice(), 0, 10, 7);
    writer.close();
    second.target.partials.keep(second.partial);
    assertEquals([to.list().length, state.list()], [1, ["record"]]);
    const third = await begin();
    assert(third.partial.continued);
    const [left] = to.list().filter((name) => name.endsWith(".part"));
    assertEquals(Deno.readFileSync(to.at(left)).subarray(7, 17), scene.contents.subarray(0, 10));
    third.target.partials.discard(third.partial);
    assertEquals([to.list(), state.list()], [[], []]);
  });

  it("shares blocks, or reports that the file system cannot", async () => {
    using scene = new Scene();
    // Only whole blocks can be shared, except at the end of the file.
    const isShared = await scene.writer.shareFrom!(scene.reader, 0, BYTES);
    assertEquals(Deno.readFileSync(scene.temporary), isShared ? scene.contents : new Uint8Array(BYTES));
  });

  it("writes in another thread, and closing waits for the write", async () => {
    using scene = new Scene();
    const buffer = scene.contents.slice();
    assertEquals(await scene.reader.readAsync!(buffer, 100, 1000, 5), 1000);
    assertEquals(buffer.subarray(100, 1100), scene.contents.subarray(5, 1005));
    const writing = scene.writer.writeAsync!(buffer, 100, 1000, 7);
    scene.writer.close();
    assertEquals(descriptorsOf(scene.temporary), 1);
    assertEquals(await writing, 1000);
    assertEquals(descriptorsOf(scene.temporary), 0);
    assertEquals(Deno.readFileSync(scene.temporary).subarray(7, 1007), scene.contents.subarray(5, 1005));
  });

  it("does not write if the copy is cancelled while it reads", async () => {
    using scene = new Scene();
    const part = { offset: 0, length: BYTES };
    let asked = 0;
    const isNeeded = () => asked++ === 0;
    assertEquals(
      await scene.files.copy(scene.reader.shared!, withoutCopying(scene.writer), part, { isNeeded }),
      undefined,
    );
    assertEquals(Deno.readFileSync(scene.temporary), new Uint8Array(BYTES));
  });

  it("writes in this thread if the other thread fails, and reports the error", async () => {
    using scene = new Scene();
    const writer = { ...withoutCopying(scene.writer), writeAside: () => Promise.resolve(-1) };
    await scene.files.copy(scene.reader.shared!, writer, { offset: 0, length: BYTES }, wanted);
    assertEquals(Deno.readFileSync(scene.temporary), scene.contents);
    scene.writer.close();
    const copying = scene.files.copy(scene.reader.shared!, writer, { offset: 0, length: BYTES }, wanted);
    await assertRejects(() => copying, FileError, "Bad file descriptor");
  });

  it("does not ask the system again after it could not copy", async () => {
    using scene = new Scene();
    const other = { ...scene.reader.shared!, descriptor: 1 << 20 };
    const gone: RangeReader = new Proxy(scene.reader, {
      get: (reader, name) => name === "shared" ? other : Reflect.get(reader, name),
    });
    assertEquals(await scene.writer.copyFrom!(gone, 0, 10), 0);
    assertEquals(await scene.writer.copyFrom!(scene.reader, 0, 10), 0);
  });

  it("refuses another file or a closed descriptor", () => {
    using scene = new Scene();
    const { shared } = scene.reader;
    for (
      const wrong of [{ ...shared!, inode: shared!.inode + 1 }, { ...shared!, dev: shared!.dev + 1 }, {
        ...shared!,
        descriptor: 1 << 20,
      }]
    ) {
      assertThrows(() => scene.engine.openShared!(Deno.pid, wrong), FileError);
    }
  });

  it("fails if the source has become shorter", async () => {
    using scene = new Scene();
    Deno.truncateSync(scene.directory.at("from"), 2_000_000);
    const copying = scene.files.copy(scene.reader.shared!, scene.writer, { offset: 0, length: BYTES }, wanted);
    const error = await assertRejects(() => copying, FileError, "shorter");
    assert(error.message.includes(scene.directory.at("from")), error.message);
  });

  it("stops if the copy is cancelled, and closing waits for the call", async () => {
    using scene = new Scene();
    let isNeeded = true;
    const copying = scene.files.copy(
      scene.reader.shared!,
      scene.writer,
      { offset: 0, length: BYTES },
      { isNeeded: () => isNeeded },
    );
    // The system call is running in another thread now.
    isNeeded = false;
    scene.writer.close();
    assertEquals(descriptorsOf(scene.temporary), 1);
    assertEquals(await copying, undefined);
    assertEquals(descriptorsOf(scene.temporary), 0);
  });
});
