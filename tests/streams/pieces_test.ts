import { assert, assertEquals, assertMatch } from "@std/assert";
import { afterEach, beforeEach, describe, it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
import { EventLoopYielder } from "../../src/async/event_loop_yielder.ts";
import { equals } from "../../src/bytes.ts";
import { createCodec } from "../../src/compress/codecs.ts";
import type { SourceReader, SourceRoot } from "../../src/files/engine/source.ts";
import type { TargetRoot } from "../../src/files/engine/target_root.ts";
import { crc32 } from "../../src/protocol/crc32.ts";
import { FRAME_HEADER_BYTES } from "../../src/protocol/data/frame.ts";
import { PACK_HEADER_BYTES, type PackHeader, Piece, readPackHeader } from "../../src/protocol/data/pack.ts";
import { RecordType } from "../../src/protocol/data/records.ts";
import { MAX_PIECES_BYTES, MIN_BLOCK_BYTES } from "../../src/protocol/limits.ts";
import { Compressor } from "../../src/streams/frames/compressor.ts";
import { Decompressor } from "../../src/streams/frames/decompressor.ts";
import { FrameSender } from "../../src/streams/frames/frame_sender.ts";
import { type FrameWriter, viewOf } from "../../src/streams/frames/frames.ts";
import { PackReceiver } from "../../src/streams/receive/pack_receiver.ts";
import { PackSender } from "../../src/streams/send/pack_sender.ts";
import { beginPack, type SentPack } from "../../src/streams/send/sent_pack.ts";
import type { RangedItem } from "../../src/streams/unit.ts";
import { planOf } from "../../src/transfer/send/compared_file.ts";
import { ENGINES, sourceRoot, TempDirectory } from "../files/file_engines.ts";
import { assertProtocolError } from "../protocol/protocol_error.ts";
import type { TestRecord } from "../protocol/record.ts";
import { canHaveHoles } from "../support/files/holes.ts";
import { randomBytes } from "../support/files/random_bytes.ts";
import { piecePayload } from "../transfer/hostile_stream.ts";

const PAYLOAD_LIMIT = MIN_BLOCK_BYTES + PACK_HEADER_BYTES;
/** Contents that fit into the first frame after the records of "f". */
const FIRST_BYTES = MIN_BLOCK_BYTES - 4096;

using tmp = new TempDirectory();

/** Keeps the payloads of frames instead of sending them. */
class KeptFrames {
  readonly payloads: Uint8Array<ArrayBuffer>[] = [];
  /** Called before a frame is kept. */
  before: (index: number) => void = () => {};

  seal(_kind: number, bytes: Uint8Array<ArrayBuffer>, at: number, payloadBytes: number): void {
    this.before(this.payloads.length);
    this.payloads.push(bytes.slice(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + payloadBytes));
  }

  async send(): Promise<void> {}
}

for (const { title, make } of ENGINES) {
  describe(`a file in pieces, ${title}`, () => {
    const engine = make();
    let tree: TempDirectory;
    let root: SourceRoot;
    let reader: SourceReader;
    let yielder: EventLoopYielder;
    let receiver: PackReceiver;
    let cleanup: DisposableStack;

    beforeEach(() => {
      cleanup = new DisposableStack();
      tree = cleanup.use(new TempDirectory());
      tree.directory("from");
      tree.directory("to/old");
      root = sourceRoot(engine, tree.at("from"));
      reader = cleanup.adopt(engine.sourceReader([root]), (each) => each.close());
      yielder = cleanup.adopt(new EventLoopYielder(), (each) => each.close());
      openTarget();
    });
    afterEach(() => cleanup.dispose());

    function openTarget({ sparse = false } = {}): void {
      const targets: TargetRoot[] = [{ kind: "folder", path: tree.at("to"), created: false }];
      const options = { preserve: true, umask: 0o022, token: "t", statAfterWrite: true, sparse };
      const target = cleanup.adopt(engine.openTarget(targets, options), (each) => each.close());
      receiver = cleanup.adopt(new PackReceiver(target, targets), (each) => each.close());
    }

    /** Sends a file that the walk has found with this size. */
    async function send(
      path: string,
      contents: Uint8Array | undefined,
      { before, compressor, foundBytes, age = 10, sparse = false }: {
        sparse?: boolean;
        before?: (index: number) => void;
        compressor?: Compressor;
        foundBytes?: number;
        age?: number;
      } = {},
    ): Promise<{ payloads: Uint8Array<ArrayBuffer>[]; sent: SentPack }> {
      const full = contents ? tree.write(`from/${path}`, contents, 0o640) : tree.at(`from/${path}`);
      const time = Date.now() / 1000 - age;
      Deno.utimeSync(full, time, time);
      const stat = engine.paths.stat(full, { follow: true })!;
      const file: RangedItem = {
        ...{ type: "ranged", root: 0, path, size: foundBytes ?? stat.size, attributes: stat.attributes() },
        ...{ identity: { dev: stat.dev, inode: stat.inode }, times: stat.changeTimes() },
      };
      const unit = { type: "pack" as const, unit: 7, attempt: 1, ...planOf([file]), file };
      const frames = new KeptFrames();
      if (before) frames.before = before;
      const out = new FrameSender(frames as unknown as FrameWriter, PAYLOAD_LIMIT, yielder);
      const sent = beginPack(unit);
      await new PackSender(reader, out, { compressor, sparse }).send(unit, sent);
      assert(sent.complete);
      return { payloads: frames.payloads, sent };
    }

    /** Receives frames. Returns the results of all of them together. */
    async function receive(payloads: readonly Uint8Array<ArrayBuffer>[], decompressor?: Decompressor) {
      const results = { files: 0, bytes: 0, written: 0, failures: [] as string[], outcomes: [] as unknown[] };
      for (const payload of payloads) {
        const header = readPackHeader(viewOf(payload), 0, payload.length, PAYLOAD_LIMIT);
        let contents = { bytes: payload, start: PACK_HEADER_BYTES, end: payload.length };
        if (header.codec !== 0) {
          decompressor!.decompress(header.codec, payload, PACK_HEADER_BYTES, payload.length, header.length);
          const { bytes, start } = decompressor!;
          contents = { bytes, start, end: start + header.length };
        }
        const isWhole = header.piece === Piece.none;
        const result = isWhole ? await receiver.receive(header, contents) : receiver.receivePiece(header, contents);
        results.files += result.report?.files ?? 0;
        results.bytes += result.report?.bytes ?? 0;
        results.written += result.written;
        results.failures.push(...result.report?.failures.map(({ message }) => message) ?? []);
        results.outcomes.push(...result.outcomes);
      }
      return results;
    }

    it("arrives with contents and attributes at all sizes", async () => {
      for (
        const size of [
          MIN_BLOCK_BYTES,
          FIRST_BYTES - 1,
          FIRST_BYTES + 1,
          FIRST_BYTES + MIN_BLOCK_BYTES,
          FIRST_BYTES + MIN_BLOCK_BYTES + 1,
          5 * MIN_BLOCK_BYTES + 12345,
        ]
      ) {
        const contents = randomBytes(size, size);
        const { payloads, sent } = await send("f", contents);
        const sum = crc32(contents, 0, size);
        assertEquals([sent.sent, sent.crcs[0], sent.sizes[0], sent.failures], [1, sum, size, []], `${size} bytes`);
        const counts = { files: 1, bytes: size, written: size, failures: [], outcomes: [sum] };
        assertEquals(await receive(payloads), counts, `${size} bytes`);
        assert(equals(Deno.readFileSync(tree.at("to/f")), contents), `${size} bytes`);
        assertEquals(Deno.statSync(tree.at("to/f")).mode! & 0o777, 0o640);
        assertEquals(Deno.statSync(tree.at("to/f")).mtime, Deno.statSync(tree.at("from/f")).mtime);
        assertEquals(tree.list("to"), ["f", "old/"]);
      }
    });

    it("replaces a file in a new directory, and reports the directory with the first piece", async () => {
      tree.directory("from/new");
      const { payloads } = await send("new/f", randomBytes(2 * MIN_BLOCK_BYTES, 1));
      const first = payloads[0];
      const header = readPackHeader(viewOf(first), 0, first.length, PAYLOAD_LIMIT);
      const contents = { bytes: first, start: PACK_HEADER_BYTES, end: first.length };
      const { report, outcomes } = receiver.receivePiece(header, contents);
      assertEquals([report!.created.map(({ path }) => path), report!.files, outcomes], [["new"], 0, []]);
      assertEquals((await receive(payloads.slice(1))).files, 1);
      const again = await send("new/f", randomBytes(2 * MIN_BLOCK_BYTES + 1, 2));
      assertEquals((await receive(again.payloads)).files, 1);
      assert(equals(Deno.readFileSync(tree.at("to/new/f")), randomBytes(2 * MIN_BLOCK_BYTES + 1, 2)));
    });

    it("is compressed piece by piece", async () => {
      const contents = new Uint8Array(4 * MIN_BLOCK_BYTES).map((_, index) => index >> 8);
      const compressor = new Compressor(createCodec("deflate", "portable"));
      const decompressor = new Decompressor([createCodec("deflate", "portable")]);
      const { payloads } = await send("f", contents, { compressor });
      assert(payloads.reduce((sum, { length }) => sum + length, 0) < contents.length / 4);
      assertEquals((await receive(payloads, decompressor)).files, 1);
      assert(equals(Deno.readFileSync(tree.at("to/f")), contents));
      compressor.close();
      decompressor.close();
    });

    it("leaves nothing if it becomes shorter, and is a failure of the sender", async () => {
      const before = (index: number) => index === 1 && Deno.truncateSync(tree.at("from/f"), MIN_BLOCK_BYTES);
      const { payloads, sent } = await send("f", randomBytes(4 * MIN_BLOCK_BYTES, 1), { before });
      assertEquals([sent.sent, sent.failures.length], [0, 1]);
      assertMatch(sent.failures[0].message, /^Cannot read ".*\/from\/f": .*shorter/);
      assertEquals(await receive(payloads), {
        files: 0,
        bytes: 0,
        written: 2 * FIRST_BYTES + 4096,
        failures: [],
        outcomes: [],
      });
      assertEquals(tree.list("to"), ["old/"]);
      // The stream continues.
      assertEquals((await receive((await send("g", randomBytes(2 * MIN_BLOCK_BYTES, 2))).payloads)).files, 1);
    });

    it("is not sent at all if it is shorter than in the walk, missing, or another file", async () => {
      const contents = randomBytes(2 * MIN_BLOCK_BYTES, 1);
      const shorter = await send("f", contents, { foundBytes: contents.length + 1 });
      assertEquals([shorter.payloads.length, shorter.sent.sent, shorter.sent.failures.length], [0, 0, 1]);
      assertMatch(shorter.sent.failures[0].message, /after it was found/);
    });

    it("is announced instead if holes are kept and it has one", { ignore: !canHaveHoles(tmp.path) }, async () => {
      const path = tree.write("from/f", randomBytes(MIN_BLOCK_BYTES, 1));
      Deno.truncateSync(path, 16 * MIN_BLOCK_BYTES);
      const file = await send("f", undefined, { sparse: true });
      const isFound = engine.name === "native";
      assertEquals([file.sent.grown.length, file.payloads.length > 0], isFound ? [1, false] : [0, true]);
      assertEquals((await send("f", undefined, { sparse: false })).sent.grown.length, 0);
    });

    it("gets holes for its pages of zeros if the target keeps holes", async () => {
      const contents = new Uint8Array(5 * MIN_BLOCK_BYTES);
      contents.set(randomBytes(MIN_BLOCK_BYTES, 1), MIN_BLOCK_BYTES + 4096);
      openTarget({ sparse: true });
      assertEquals((await receive((await send("f", contents)).payloads)).files, 1);
      assert(equals(Deno.readFileSync(tree.at("to/f")), contents));
      const { blocks } = Deno.statSync(tree.at("to/f"));
      if (canHaveHoles(tree.path)) assertEquals(blocks, MIN_BLOCK_BYTES / 512);
    });

    it("is sent up to its size in the walk if it grows, with a note", async () => {
      const contents = randomBytes(3 * MIN_BLOCK_BYTES, 1);
      const before = (index: number) => {
        if (index === 0) Deno.writeFileSync(tree.at("from/f"), new Uint8Array(10), { append: true });
      };
      const { payloads, sent } = await send("f", contents, { before });
      assertEquals(sent.notes.length, 1);
      assertMatch(sent.notes[0], / grew while it was copied: the target has its first 196608 bytes$/);
      assertEquals((await receive(payloads)).files, 1);
      assert(equals(Deno.readFileSync(tree.at("to/f")), contents));
    });

    it("is marked if it changed just before it was read, or meanwhile", async () => {
      const lastOf = async (options: Parameters<typeof send>[2]) => {
        const { payloads } = await send("f", randomBytes(2 * MIN_BLOCK_BYTES, 1), options);
        const last = payloads.at(-1)!;
        return readPackHeader(viewOf(last), 0, last.length, PAYLOAD_LIMIT).isFresh;
      };
      assertEquals(await lastOf({ age: 10 }), false);
      assertEquals(await lastOf({ age: 0 }), true);
      // Fresh when it is opened, and no longer when it is read.
      let now = Date.now();
      using _ = stub(Date, "now", () => now);
      assertEquals(await lastOf({ age: 0, before: () => now += 500 }), true);
      const before = (index: number) => index === 0 && Deno.utimeSync(tree.at("from/f"), 1, 1);
      assertEquals(await lastOf({ before }), true);
    });

    it("fails if a piece has another checksum, and leaves the old file", async () => {
      tree.write("to/f", "old");
      for (const index of [0, 1, 2]) {
        const { payloads } = await send("f", randomBytes(3 * MIN_BLOCK_BYTES, 1));
        payloads[index][payloads[index].length - 1] ^= 1;
        const { files, failures, outcomes } = await receive(payloads);
        assertEquals([files, failures.length, outcomes.length], [0, 1, 1]);
        assertMatch(failures[0], /CRC-32 differs/);
        assertEquals(tree.list("to"), ["f", "old/"]);
        assertEquals(Deno.readTextFileSync(tree.at("to/f")), "old");
      }
    });

    it("fails if its directory cannot be created, and the stream continues", async () => {
      tree.write("to/d", "a file");
      tree.directory("from/d");
      const { payloads } = await send("d/f", randomBytes(2 * MIN_BLOCK_BYTES, 1));
      const { files, failures, outcomes, written } = await receive(payloads);
      assertEquals([files, failures.length, outcomes.length, written], [0, 1, 1, 0]);
      assertEquals((await receive((await send("g", randomBytes(2 * MIN_BLOCK_BYTES, 2))).payloads)).files, 1);
    });

    it("leaves nothing if its stream ends before the last piece", async () => {
      const { payloads } = await send("f", randomBytes(3 * MIN_BLOCK_BYTES, 1));
      await receive(payloads.slice(0, 2));
      assertEquals(tree.list("to").length, 2);
      assert(receiver.isIncomplete);
      receiver.close();
      assertEquals(tree.list("to"), ["old/"]);
    });

    describe("from a hostile sender", () => {
      const ENTER: TestRecord = { type: RecordType.enter, name: "" };

      const piece = (header: Partial<PackHeader>, contents = "contents", records: TestRecord[] = []) =>
        piecePayload({ unit: 7, attempt: 1, ...header }, contents, records);

      function first(
        size: number,
        records: TestRecord[] = [ENTER, { type: RecordType.file, name: "f", fields: { size } }],
      ) {
        return piece({ piece: Piece.first }, "contents", records);
      }

      const accept = (payload: Uint8Array<ArrayBuffer>) => {
        const header = readPackHeader(viewOf(payload), 0, payload.length, PAYLOAD_LIMIT);
        return receiver.receivePiece(header, { bytes: payload, start: PACK_HEADER_BYTES, end: payload.length });
      };
      const refuse = (payload: Uint8Array<ArrayBuffer>, code: "bad-record" | "bad-path" = "bad-record") =>
        assertProtocolError(code, () => accept(payload));

      it("is written if it follows the rules", () => {
        accept(first(24));
        accept(piece({ piece: Piece.next }));
        assertEquals(accept(piece({ piece: Piece.last })).report!.files, 1);
        assertEquals(Deno.readTextFileSync(tree.at("to/f")), "contentscontentscontents");
      });

      it("must begin with the first piece", () => {
        for (const kind of [Piece.next, Piece.last, Piece.abandoned]) refuse(piece({ piece: kind }));
        refuse(piece({ piece: 5 }));
      });

      it("must not begin twice, or continue another unit", () => {
        accept(first(24));
        refuse(first(24));
        refuse(piece({ piece: Piece.next, unit: 8 }));
        refuse(piece({ piece: Piece.last, attempt: 2 }));
      });

      it("must have the size of its record", () => {
        accept(first(20));
        refuse(piece({ piece: Piece.next }, ""));
        refuse(piece({ piece: Piece.last }));
        refuse(piece({ piece: Piece.next }, "x".repeat(12)));
        refuse(piece({ piece: Piece.next }, "x".repeat(13)));
        refuse(piece({ piece: Piece.last }, "x".repeat(13)));
      });

      it("must not be larger than the limit, or end with its first piece", () => {
        refuse(first(8));
        receiver.close();
        refuse(first(7));
        receiver.close();
        refuse(first(MAX_PIECES_BYTES + 1));
      });

      it("must be one file in one directory", () => {
        const file: TestRecord = { type: RecordType.file, name: "f", fields: { size: 24 } };
        const directory: TestRecord = { type: RecordType.directory, name: "old" };
        const others = [[], [file], [ENTER], [directory, file], [ENTER, ENTER], [ENTER, file, file], [file, ENTER]];
        for (const records of others) refuse(first(24, records));
        refuse(piece({ piece: Piece.first, records: 1 << 20 }, "contents", [ENTER, file]));
        refuse(piece({ piece: Piece.first, records: 65 }, "contents", [ENTER, file]));
      });

      it("cannot have a name outside of the target, or a private one", () => {
        for (const name of ["..", "a/b", "."]) {
          refuse(first(24, [ENTER, { type: RecordType.file, name, fields: { size: 24 } }]), "bad-path");
        }
        refuse(
          first(24, [{ type: RecordType.enter, name: "../out" }, { type: RecordType.file, name: "f" }]),
          "bad-path",
        );
        accept(
          first(16, [ENTER, { type: RecordType.file, name: ".escp-0123456789abcdef.part", fields: { size: 16 } }]),
        );
        const { report } = accept(piece({ piece: Piece.last }));
        assertEquals([report!.files, report!.failures.length], [0, 1]);
        assertEquals(tree.list("to"), ["old/"]);
      });
    });
  });
}
