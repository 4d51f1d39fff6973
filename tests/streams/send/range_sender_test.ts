import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { loadCipherEngine } from "../../../src/crypto/engines.ts";
import { FileChange } from "../../../src/files/stat/file_change.ts";
import { BlockCodec, readBlockHeader } from "../../../src/protocol/data/block.ts";
import { crc32 } from "../../../src/protocol/crc32.ts";
import { FrameKind } from "../../../src/protocol/data/frame.ts";
import { EventLoopYielder } from "../../../src/async/event_loop_yielder.ts";
import { FrameSender } from "../../../src/streams/frames/frame_sender.ts";
import { FrameReader, FrameWriter } from "../../../src/streams/frames/frames.ts";
import { RangeSender, type SentRange } from "../../../src/streams/send/range_sender.ts";
import { canHaveHoles } from "../../support/files/holes.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import { ENGINES, sourceRoot, TempDirectory } from "../../files/file_engines.ts";
import { MemoryTransport } from "../../fuzz/memory_transport.ts";

const MIB = 1 << 20;
const BLOCK = 64 << 10;
const key = { cipher: "aes-128-gcm" as const, key: new Uint8Array(16).fill(3), salt: new Uint8Array(4).fill(5) };
using probe = new TempDirectory();
const holes = canHaveHoles(probe.path);

interface Block {
  offset: number;
  length: number;
  zeros: boolean;
  last: boolean;
}

for (const { title, make } of ENGINES) {
  describe(`RangeSender, ${title}`, () => {
    const engine = make();

    /** Sends bytes [start, end) of a file. Returns the blocks and their contents. */
    async function send(
      path: string,
      options: {
        start?: number;
        end?: number;
        sparse?: boolean;
        meanwhile?: (written: number) => void;
        foundAt?: number;
      } = {},
    ) {
      const root = sourceRoot(engine, path);
      const { start = 0, end = root.size, sparse = true, meanwhile } = options;
      const found = engine.paths.stat(path, { follow: true })!.changeTimes();
      const transport = new class extends MemoryTransport {
        override write(buffer: Uint8Array<ArrayBuffer>, from: number, to: number): number {
          meanwhile?.(this.written.length);
          return super.write(buffer, from, to);
        }
      }();
      const cipher = loadCipherEngine("portable").engine;
      const yielder = new EventLoopYielder();
      const writer = await FrameWriter.create(cipher, transport, key, 0);
      const sender = new RangeSender(engine.sourceReader([root]), new FrameSender(writer, 2 * BLOCK, yielder), {
        blockBytes: BLOCK,
        offersLocalCopy: false,
        cipherEngine: "portable",
        sparse,
        yielder,
        keepAliveMs: 60_000,
      });
      const unit = { type: "range" as const, unit: 7, file: 8, root: 0, path: "", start, end, size: root.size };
      const sent: SentRange = { type: "range", unit, crc32: 0, refused: false };
      const times = { ...found, ...(options.foundAt ? { mtime: options.foundAt } : {}) };
      await sender.send({ ...unit, identity: root.identity, times }, sent);
      sender.close();
      yielder.close();
      const wire = new MemoryTransport(Uint8Array.from(transport.written.flatMap((piece) => [...piece])));
      const reader = await FrameReader.create(cipher, wire, key, {
        payloadLimit: 2 * BLOCK,
        received: 0,
        readAhead: false,
      });
      const blocks: Block[] = [];
      const contents = new Uint8Array(end - start);
      for (let frames = transport.written.length; frames > 0; frames--) {
        await reader.next();
        assertEquals(reader.kind, FrameKind.block);
        const block = readBlockHeader(reader.view, reader.start, reader.end, BLOCK);
        const zeros = block.codec === BlockCodec.zeros;
        blocks.push({ offset: block.offset, length: block.length, zeros, last: block.last });
        if (!zeros) contents.set(reader.bytes.subarray(reader.end - block.length, reader.end), block.offset - start);
      }
      writer.close();
      reader.close();
      return { sent, blocks, contents };
    }

    /** Checks that blocks have no gaps, that only the last one is marked, and their checksum. */
    function checkWhole(result: Awaited<ReturnType<typeof send>>, start: number, end: number): void {
      const { blocks, contents, sent } = result;
      let at = start;
      blocks.forEach((block, index) => {
        assertEquals([block.offset, block.last], [at, index === blocks.length - 1]);
        at += block.length;
      });
      assertEquals([at, sent.failure], [end, undefined]);
      assertEquals(sent.crc32, crc32(contents, 0, contents.length));
    }

    it("reports a file that changed between the walk and the opening", async () => {
      using temp = new TempDirectory();
      const path = temp.at("file");
      Deno.writeFileSync(path, randomBytes(BLOCK, 2));
      Deno.utimeSync(path, 1_700_000_000, 1_700_000_000);
      assertEquals((await send(path)).sent.changed?.(), undefined);
      const { sent } = await send(path, { foundAt: 1_600_000_000 });
      assertEquals(sent.changed!(), { path, change: FileChange.certain });
    });

    it("sends a hole as one block, at the start, middle or end of the range", { ignore: !holes }, async () => {
      using temp = new TempDirectory();
      const data = randomBytes(BLOCK, 1);
      const make = (name: string, pieces: number[], size: number) => {
        using file = Deno.openSync(temp.at(name), { write: true, create: true });
        for (const offset of pieces) {
          file.seekSync(offset, Deno.SeekMode.Start);
          file.writeSync(data);
        }
        file.truncateSync(size);
        return temp.at(name);
      };
      const cases: [string, number[], number][] = [
        ["begin", [4 * MIB], 4 * MIB + BLOCK],
        ["middle", [0, 4 * MIB], 4 * MIB + BLOCK + 1],
        ["end", [0], 4 * MIB - 1],
        ["all", [], 4 * MIB + 7],
      ];
      for (const [name, pieces, size] of cases) {
        const path = make(name, pieces, size);
        const result = await send(path);
        checkWhole(result, 0, size);
        assertEquals(result.contents, Deno.readFileSync(path), name);
        const found = result.blocks.filter(({ zeros }) => !zeros).map(({ offset }) => offset);
        assertEquals(found, pieces, name);
        if (title !== "portable") assertEquals(result.blocks.length <= pieces.length + 2, true, name);
        const part = await send(path, { start: MIB, end: 2 * MIB });
        checkWhole(part, MIB, 2 * MIB);
        assertEquals(part.blocks.every(({ zeros }) => zeros), true, name);
      }
    });

    it("sends zeros that were read as a hole only with sparse", async () => {
      using temp = new TempDirectory();
      temp.write("f", new Uint8Array(3 * BLOCK + 1));
      for (const sparse of [true, false]) {
        const result = await send(temp.at("f"), { sparse });
        checkWhole(result, 0, 3 * BLOCK + 1);
        assertEquals(result.blocks.map(({ zeros }) => zeros), [sparse, sparse, sparse, sparse]);
      }
    });

    it("tolerates holes that are filled or created while it reads", { ignore: !holes }, async () => {
      using temp = new TempDirectory();
      const size = 8 * MIB + 3;
      temp.write("f", randomBytes(BLOCK, 1));
      Deno.truncateSync(temp.at("f"), size);
      const result = await send(temp.at("f"), {
        meanwhile(written) {
          if (written > 0) return;
          using file = Deno.openSync(temp.at("f"), { write: true });
          file.seekSync(2 * MIB, Deno.SeekMode.Start);
          file.writeSync(randomBytes(2 * MIB, 2));
          file.utimeSync(1, 1);
        },
      });
      checkWhole(result, 0, size);
      assertEquals(result.sent.changed?.(), { path: temp.at("f"), change: FileChange.certain });
    });

    it("reports a file that ends within a hole", { ignore: !holes }, async () => {
      using temp = new TempDirectory();
      temp.write("f", randomBytes(BLOCK, 1));
      Deno.truncateSync(temp.at("f"), 8 * MIB);
      const meanwhile = (written: number) => {
        if (written === 0) Deno.truncateSync(temp.at("f"), MIB);
      };
      // The file is truncated while the first block is sent. The next one may have been examined before.
      const { sent } = await send(temp.at("f"), { meanwhile, start: 0, end: 8 * MIB });
      const certain = { path: temp.at("f"), change: FileChange.certain };
      if (sent.failure) assertMatch(sent.failure.message, /became shorter/);
      else assertEquals(sent.changed?.(), certain);
    });
  });
}
