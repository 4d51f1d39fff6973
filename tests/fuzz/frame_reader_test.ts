import { assert, assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { describe, it } from "@std/testing/bdd";
import type { CipherEngine, DirectionKey } from "../../src/crypto/cipher.ts";
import { ProtocolError } from "../../src/errors.ts";
import { ALIGNMENT } from "../../src/protocol/data/alignment.ts";
import { BLOCK_HEADER_BYTES } from "../../src/protocol/data/block.ts";
import { FRAME_HEADER_BYTES, FRAME_TAG_BYTES, frameBytes, FrameKind } from "../../src/protocol/data/frame.ts";
import { FRAME_START, frameBuffer, FrameReader, FrameWriter } from "../../src/streams/frames/frames.ts";
import { CIPHER_ENGINES } from "../crypto/cipher_engines.ts";
import { RandomBytes, randomBytes } from "../support/files/random_bytes.ts";
import { MemoryTransport } from "./memory_transport.ts";
import { mutate } from "./mutate.ts";

const LIMIT = 100_000;
const KEY: DirectionKey = { cipher: "aes-128-gcm", key: randomBytes(16, "key"), salt: randomBytes(4, "salt") };
/** Sizes around the initial buffer of a reader, so that it grows. */
const SIZES = [0, 1, 36, 37, 100, 101, 15, 16, 17, 300, 65_535, 65_536, 65_537, 5, LIMIT, 0];
const KINDS = [FrameKind.pack, FrameKind.block, FrameKind.result, FrameKind.keepAlive];

/** Returns sealed frames and their payloads. */
async function sealed(engine: CipherEngine, sizes: number[] = SIZES, first = 0) {
  const transport = new MemoryTransport();
  const writer = await FrameWriter.create(engine, transport, KEY, first);
  const payloads = sizes.map((size, index) => ({ kind: KINDS[index % 4] as number, bytes: randomBytes(size, index) }));
  for (const { kind, bytes } of payloads) {
    const buffer = frameBuffer(bytes.length);
    buffer.set(bytes, FRAME_START + FRAME_HEADER_BYTES);
    await writer.write(kind, buffer, FRAME_START, bytes.length);
  }
  writer.close();
  return { payloads, frames: transport.written };
}

const join: (parts: Uint8Array[]) => Uint8Array<ArrayBuffer> = concat;

/** Reads until the reader throws. Asserts that it allocated at most a frame of the maximum size. */
async function readAll(
  engine: CipherEngine,
  wire: Uint8Array,
  options: { random?: RandomBytes; readAhead?: boolean } = {},
) {
  const transport = new MemoryTransport(wire, options.random);
  const readerOptions = { payloadLimit: LIMIT, received: 0, readAhead: options.readAhead ?? true };
  const reader = await FrameReader.create(engine, transport, KEY, readerOptions);
  const frames: { kind: number; bytes: Uint8Array }[] = [];
  try {
    for (;;) {
      await reader.next();
      frames.push({ kind: reader.kind, bytes: reader.bytes.slice(reader.start, reader.end) });
    }
  } catch (error) {
    assert(reader.bytes.length <= frameBuffer(LIMIT).length);
    assert(transport.largestRead <= frameBytes(LIMIT) + ALIGNMENT);
    if (error instanceof ProtocolError) return { frames, end: error.code, capacity: reader.bytes.length };
    if (error instanceof Deno.errors.UnexpectedEof) return { frames, end: "eof", capacity: reader.bytes.length };
    throw error;
  } finally {
    reader.close();
  }
}

for (const engine of CIPHER_ENGINES) {
  describe(`FrameReader with the ${engine.name} engine`, () => {
    it("returns the frames for all cuts of the bytes, and an error at their end", async () => {
      const { frames, payloads } = await sealed(engine);
      for (let round = 0; round < 5; round++) {
        const random = round === 0 ? undefined : new RandomBytes(round);
        const read = await readAll(engine, join(frames), { random, readAhead: round % 2 === 0 });
        assertEquals(read.end, "eof");
        assertEquals(read.frames, payloads);
      }
    });

    it("accepts no frame at or after a flipped bit", async () => {
      const { frames, payloads } = await sealed(engine, [20, 33, 7]);
      const wire = join(frames);
      const random = new RandomBytes("bits");
      for (let at = 0; at < wire.length; at++) {
        const damaged = wire.slice();
        damaged[at] ^= 1 << random.below(8);
        const { frames: read, end } = await readAll(engine, damaged, { random });
        const whole = at < frames[0].length ? 0 : at < frames[0].length + frames[1].length ? 1 : 2;
        assertEquals(read, payloads.slice(0, whole), `byte ${at}`);
        assert(["bad-tag", "bad-counter", "bad-frame", "eof"].includes(end), end);
      }
    });

    it("rejects a frame with changed padding", async () => {
      for (const size of [0, 1, 35, 37, 52]) {
        const { frames: [frame] } = await sealed(engine, [size]);
        assertEquals(frame.length % ALIGNMENT, 0);
        const padding = { start: FRAME_HEADER_BYTES + size, end: frame.length - FRAME_TAG_BYTES };
        assert(padding.end > padding.start);
        for (let at = padding.start; at < padding.end; at++) {
          const damaged = frame.slice();
          damaged[at] ^= 1;
          const { frames, end } = await readAll(engine, damaged);
          assertEquals([frames.length, end], [0, "bad-tag"], `byte ${at} of a frame with ${size}`);
        }
      }
    });

    it("pads with zeros, not with bytes of the buffer", async () => {
      const { frames: [clean] } = await sealed(engine, [5]);
      const transport = new MemoryTransport();
      const writer = await FrameWriter.create(engine, transport, KEY, 0);
      const buffer = frameBuffer(5).fill(0xff);
      buffer.set(randomBytes(5, 0), FRAME_START + FRAME_HEADER_BYTES);
      await writer.write(KINDS[0], buffer, FRAME_START, 5);
      writer.close();
      assertEquals(transport.written, [clean]);
    });

    it("aligns the contents of blocks to pages, before and after its buffer grows", async () => {
      const { frames } = await sealed(engine, [300, LIMIT, 300]);
      const options = { payloadLimit: LIMIT, received: 0, readAhead: true };
      const reader = await FrameReader.create(engine, new MemoryTransport(join(frames)), KEY, options);
      for (let count = 0; count < frames.length; count++) {
        await reader.next();
        const contents = reader.bytes.subarray(reader.start + BLOCK_HEADER_BYTES);
        assertEquals((reader.start + BLOCK_HEADER_BYTES) % 4096, 0);
        assertEquals(Deno.UnsafePointer.value(Deno.UnsafePointer.of(contents)) % 4096n, 0n);
      }
      reader.close();
    });

    it("reads to offsets that are multiples of 64 if reads are complete", async () => {
      const { frames } = await sealed(engine);
      const transport = new MemoryTransport(join(frames));
      const options = { payloadLimit: LIMIT, received: 0, readAhead: true };
      const reader = await FrameReader.create(engine, transport, KEY, options);
      for (const _ of frames) await reader.next();
      assertEquals(transport.readStarts.filter((at) => at % ALIGNMENT !== 0), []);
      reader.close();
    });

    it("reports a truncated connection as an unexpected end", async () => {
      const { frames, payloads } = await sealed(engine, [20, 0, 7]);
      const wire = join(frames);
      for (let cut = 0; cut <= wire.length; cut++) {
        const { frames: read, end } = await readAll(engine, wire.subarray(0, cut));
        assertEquals(end, "eof");
        assertEquals(read, payloads.slice(0, read.length));
      }
    });

    it("rejects frames that are replayed, dropped or reordered", async () => {
      const { frames: [a, b, c], payloads } = await sealed(engine, [20, 20, 20]);
      const orders: [Uint8Array[], number][] = [
        [[a, a, b, c], 1],
        [[a, b, a, c], 2],
        [[a, c], 1],
        [[b, c], 0],
        [[b, a, c], 0],
        [[a, c, b], 1],
      ];
      for (const [order, taken] of orders) {
        const { frames, end } = await readAll(engine, join(order));
        assertEquals([frames.length, end], [taken, "bad-counter"]);
        assertEquals(frames, payloads.slice(0, taken));
      }
    });

    it("rejects a frame with a skipped counter and the right key", async () => {
      const { frames } = await sealed(engine, [20], 1);
      assertEquals((await readAll(engine, join(frames))).end, "bad-counter");
    });

    it("rejects a changed kind: a known one by the tag, others before", async () => {
      const { frames: [frame] } = await sealed(engine, [20]);
      for (let kind = 0; kind < 256; kind++) {
        if (kind === KINDS[0]) continue;
        const damaged = frame.slice();
        damaged[0] = kind;
        const { end, frames } = await readAll(engine, damaged);
        assertEquals([frames.length, end], [0, kind >= 1 && kind <= FrameKind.owners ? "bad-tag" : "bad-frame"]);
      }
    });

    it("rejects a length above the limit before it allocates memory", async () => {
      for (const length of [LIMIT + 1, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
        const { frames: [frame] } = await sealed(engine, [20]);
        new DataView(frame.buffer).setUint32(8, length);
        const { end, capacity } = await readAll(engine, frame);
        assertEquals(end, "bad-frame");
        assert(capacity < frameBuffer(LIMIT).length);
      }
    });

    it("rejects a changed length within the limit", async () => {
      const { frames } = await sealed(engine, [20, 30]);
      for (const length of [0, 19, 21]) {
        const wire = join(frames);
        new DataView(wire.buffer).setUint32(8, length);
        const { end, frames: read } = await readAll(engine, wire);
        assertEquals([read.length, end], [0, "bad-tag"]);
      }
    });

    it("accepts only undamaged frames at the start of damaged bytes", async () => {
      const { frames, payloads } = await sealed(engine, [20, 500, 7, 0]);
      const wire = join(frames);
      const random = new RandomBytes("frames");
      for (let round = 0; round < 400; round++) {
        const { frames: read } = await readAll(engine, mutate(wire, random), { random });
        assertEquals(read, payloads.slice(0, read.length));
      }
    });

    it("wipes a payload with a wrong tag", async () => {
      const { frames: [frame] } = await sealed(engine, [300]);
      frame[frame.length - 1] ^= 1;
      const transport = new MemoryTransport(frame);
      const options = { payloadLimit: LIMIT, received: 0, readAhead: true };
      const reader = await FrameReader.create(engine, transport, KEY, options);
      await reader.next().catch(() => {});
      assert(reader.bytes.subarray(reader.start, reader.end).every((byte) => byte === 0));
      reader.close();
    });
  });
}
