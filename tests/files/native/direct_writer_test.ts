import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError } from "../../../src/errors.ts";
import { DIRECT_FROM_BYTES, DirectWriter } from "../../../src/files/native/direct_writer.ts";
import { createNativeEngine } from "../../../src/files/native/engine.ts";
import { NativeRangeWriter } from "../../../src/files/native/range_writer.ts";
import { alignedBuffer } from "../../../src/native/libc/aligned_buffer.ts";
import { AT_FDCWD, openFileCalls } from "../../../src/native/file/calls.ts";
import { PinnedBuffer } from "../../../src/native/file/pinned_buffer.ts";
import { encodeName } from "../../../src/protocol/names.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";

const MIB = 1 << 20;
const problem = findProblem();

/** A file on disk and its writer; `at` is the time that the calls see.  */
function open(options: { now?: () => number; direct?: number } = {}) {
  const directory = Deno.makeTempDirSync({ prefix: "escp-test-" });
  const path = `${directory}/file`;
  Deno.writeFileSync(path, new Uint8Array());
  const calls = openFileCalls();
  const descriptor = options.direct ?? openAs(path, calls.flags.write | calls.flags.direct);
  const inner = new NativeRangeWriter(calls, openAs(path, calls.flags.readWrite), path);
  const writer = new DirectWriter(calls, descriptor, inner, options.now);
  return {
    path,
    writer,
    [Symbol.dispose]: () => {
      writer.close();
      Deno.removeSync(directory, { recursive: true });
    },
  };
}

function openAs(path: string, flags: number): number {
  const name = new PinnedBuffer(4097);
  name.putName(encodeName(path));
  return openFileCalls().openat(AT_FDCWD, name.address, flags, 0);
}

function filled(bytes: number, seed: string): Uint8Array<ArrayBuffer> {
  const buffer = alignedBuffer(bytes);
  buffer.set(randomBytes(bytes, seed));
  return buffer;
}

describe(
  `writing past the page cache${problem ? `, skipped: ${problem}` : ""}`,
  { ignore: problem !== undefined },
  () => {
    it("writes ranges with any start and end", () => {
      const buffer = filled(4 * MIB, "direct");
      const ranges: [at: number, length: number, offset: number][] = [
        [0, MIB, 0],
        [MIB, 3 * 4096 + 1, MIB],
        [64, 4096, 2 * MIB],
        [4096, 4096, 2 * MIB + 4096 + 1],
        [8192, 4095, 3 * MIB],
        [8192, 0, 3 * MIB],
        [MIB, MIB, 5 * MIB],
      ];
      using file = open();
      const expected = new Uint8Array(6 * MIB);
      for (const [at, length, offset] of ranges) {
        file.writer.writeAt(buffer, at, length, offset);
        expected.set(buffer.subarray(at, at + length), offset);
      }
      assertEquals(file.writer.isDirect, true);
      const got = Deno.readFileSync(file.path);
      assertEquals(got.length, expected.length);
      assertEquals(got.findIndex((byte, at) => byte !== expected[at]), -1);
    });

    it("zeros existing data", () => {
      using file = open();
      file.writer.writeAt(filled(MIB, "zeros"), 0, MIB, 0);
      file.writer.zerosAt(4096, MIB - 8192);
      const got = Deno.readFileSync(file.path);
      assertEquals([got.length, got.subarray(4096, MIB - 4096).every((byte) => byte === 0)], [MIB, true]);
      assertEquals(got.subarray(0, 4096).some((byte) => byte !== 0), true);
    });

    for (const [how, msOfWrite, stays] of [["stays", 1, true], ["is given up", 2, false]] as const) {
      it(`${how} if a MiB takes ${msOfWrite} ms`, () => {
        let time = 0;
        let calls = 0;
        using file = open({ now: () => time += calls++ % 2 * msOfWrite });
        const buffer = filled(MIB, "rate");
        for (let block = 0; block < 40; block++) file.writer.writeAt(buffer, 0, MIB, block * MIB);
        assertEquals(file.writer.isDirect, stays);
        const got = Deno.readFileSync(file.path);
        assertEquals(got.length, 40 * MIB);
        for (const block of [0, 31, 32, 39]) {
          assertEquals(got.subarray(block * MIB, (block + 1) * MIB).findIndex((byte, at) => byte !== buffer[at]), -1);
        }
      });
    }

    it("reports the file and the reason if the disk is full", () => {
      // /dev/full fails every write.
      using file = open({ direct: openAs("/dev/full", openFileCalls().flags.write) });
      const error = assertThrows(() => file.writer.writeAt(filled(MIB, "full"), 0, MIB, 0), FileError);
      assertEquals(error.message, `Cannot write "${file.path}": No space left on device`);
    });
  },
);

describe(`the native engine${problem ? `, skipped: ${problem}` : ""}`, { ignore: problem !== undefined }, () => {
  for (
    const [size, direct, expected] of [
      [DIRECT_FROM_BYTES, true, 1],
      [DIRECT_FROM_BYTES - 1, true, 0],
      [DIRECT_FROM_BYTES, false, 0],
    ] as const
  ) {
    it(`writes ${size} bytes ${expected ? "past" : "through"} the page cache, allowed: ${direct}`, () => {
      const path = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "escp-test-" }));
      const engine = createNativeEngine().engine;
      const options = { preserve: false, umask: 0o022, token: "test", direct };
      const writer = engine.openTarget([{ kind: "folder", path, created: false }], options);
      try {
        const partial = writer.partials.create(0, "large", size);
        const range = writer.partials.open(partial);
        assertEquals(directDescriptors(path), expected);
        range.close();
        assertEquals(directDescriptors(path), 0);
      } finally {
        writer.abort();
        writer.close();
        Deno.removeSync(path, { recursive: true });
      }
    });
  }
});

/** Returns the files below `directory` that are open with O_DIRECT. */
function directDescriptors(directory: string): number {
  const flags = openFileCalls().flags.direct;
  return [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
    try {
      if (!Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith(directory)) return false;
      const found = /^flags:\s*([0-7]+)$/m.exec(Deno.readTextFileSync(`/proc/self/fdinfo/${name}`));
      return (parseInt(found![1], 8) & flags) !== 0;
    } catch {
      return false;
    }
  }).length;
}

function findProblem(): string | undefined {
  if (Deno.build.os !== "linux") return "only known on Linux";
  const directory = Deno.makeTempDirSync({ prefix: "escp-test-" });
  try {
    const { create, write, direct } = openFileCalls().flags;
    const descriptor = openAs(`${directory}/file`, create | write | direct);
    if (descriptor < 0) return "the file system of temporary files cannot do it";
    openFileCalls().close(descriptor);
    return undefined;
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}
