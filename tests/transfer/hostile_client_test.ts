import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { afterEach, beforeEach, describe, it } from "@std/testing/bdd";
import { deflateRawSync } from "node:zlib";
import { loadCipherEngine } from "../../src/crypto/engines.ts";
import {
  COMPARE_HEADER_BYTES,
  type CompareHeader,
  ComparePhase,
  writeCompareHeader,
} from "../../src/protocol/data/compare.ts";
import { BlockCodec, type BlockHeader } from "../../src/protocol/data/block.ts";
import { crc32 } from "../../src/protocol/crc32.ts";
import { FrameKind } from "../../src/protocol/data/frame.ts";
import { type SignatureRequest, writeSignatureRequest } from "../../src/protocol/data/signature.ts";
import { SHARED_FILE_BYTES, writeSharedFile } from "../../src/protocol/data/shared_file.ts";
import { formatPreamble } from "../../src/protocol/data/preamble.ts";
import type { CleanJob, CopyJob, JobOptions } from "../../src/protocol/control/job.ts";
import type { Message, WireSource } from "../../src/protocol/control/messages.ts";
import { PACK_HEADER_BYTES, Piece, writePackHeader } from "../../src/protocol/data/pack.ts";
import { RecordType } from "../../src/protocol/data/records.ts";
import type { WirePath } from "../../src/protocol/wire_path.ts";
import { type ClientSession, openClientSession } from "../../src/session/model/client_session.ts";
import { PeerAbort } from "../../src/session/model/control_errors.ts";
import { PeerProcess } from "../../src/session/model/peer_process.ts";
import type { AuthenticatedStream } from "../../src/session/model/session.ts";
import { closeQuietly } from "../../src/net/close.ts";
import { fixedCount } from "../../src/session/model/stream_count.ts";
import { listNames } from "../support/files/list_names.ts";
import { escpCommand } from "../support/escp/escp_command.ts";
import { createTempTree } from "../support/files/temp_tree.ts";
import type { TempDirectory } from "../support/files/temp.ts";
import { record, type TestRecord } from "../protocol/record.ts";
import { randomBytes } from "../support/files/random_bytes.ts";
import { temporaryFiles } from "../support/escp/temporary_files.ts";
import { HostileStream, packPayload, piecePayload } from "./hostile_stream.ts";

const ENGINES = Deno.build.os === "linux" ? ["native", "portable"] : ["portable"];
const cipher = loadCipherEngine("portable").engine;
const OPTIONS: JobOptions = {
  ...{ recursive: true, preserve: false, blockBytes: 1 << 20, salt: "hostile" },
  ...{ symlinks: "follow", hardlinks: false, filters: [] },
};
const ATTRIBUTES = { mode: 0o644, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, atime: 0, atimeNs: 0 };
const DIR: WireSource = { operand: 0, name: "dir", kind: "folder", dev: 1, inode: 2 };
const ROOT: TestRecord = { type: RecordType.directory, name: "", fields: { mode: 0o755 } };
const file = (name: string): TestRecord => ({ type: RecordType.file, name, contents: "hostile" });

const LINK: TestRecord = { type: RecordType.symlink, name: "l", contents: "x" };

/** Returns a compare request for these records. */
function askPayload(records: TestRecord[], header: Partial<CompareHeader> = {}): Uint8Array<ArrayBuffer> {
  const pieces = records.map((each) => record(each.type === RecordType.file ? { ...each, contents: "" } : each));
  const recordsBytes = pieces.reduce((sum, { length }) => sum + length, 0);
  const payload = new Uint8Array(COMPARE_HEADER_BYTES + recordsBytes);
  const complete = { unit: 0, attempt: 0, phase: ComparePhase.stat, recordsBytes, ...header };
  writeCompareHeader(new DataView(payload.buffer), 0, complete);
  let at = COMPARE_HEADER_BYTES;
  for (const piece of pieces) {
    payload.set(piece, at);
    at += piece.length;
  }
  return payload;
}

for (const engine of ENGINES) {
  describe(`a hostile client cannot make the remote end (${engine})`, () => {
    let tree: TempDirectory;
    let peer: PeerProcess;
    let session: ClientSession;
    let streams: AuthenticatedStream[];

    beforeEach(async () => {
      streams = [];
      tree = await createTempTree({ "outside": "untouched", "to/dir/planted": { link: "../.." } });
    });
    afterEach(async () => {
      await session.control.close();
      session.close();
      for (const { conn } of streams) closeQuietly(conn);
      // In any case the remote end exits when its control channel is closed.
      const { signal } = await peer.end(8_000);
      assertEquals(signal, null);
      assertEquals(await Deno.readTextFile(`${tree.path}/outside`), "untouched");
      assertEquals(listNames(tree.path), ["outside", "to"]);
      assertEquals(temporaryFiles(tree.path), []);
      await tree[Symbol.asyncDispose]();
    });

    async function start(job: Partial<CopyJob> | CleanJob = {}): Promise<void> {
      const [program, ...args] = escpCommand();
      const name = "remote end";
      peer = new PeerProcess({ program, args: [...args, "--receiver", "--local-peer", "--engine", engine], name });
      const complete = { direction: "push", target: `${tree.path}/to`, ...OPTIONS, ...job } as CopyJob;
      session = await openClientSession(peer, {
        job: complete,
        needed: [],
        cipher: "aes-128-gcm",
        engine: cipher,
        timeoutMs: 60_000,
        note: () => {},
      });
    }

    /** Offers the sources. */
    function announce(sources: WireSource[] = [DIR]): void {
      const found = { files: 1, bytes: 1, complete: true, last: true };
      session.control.send({ type: "sources", sources, operands: 1, host: "hostile", ...found });
    }

    async function begin(job: Partial<CopyJob> = {}): Promise<HostileStream> {
      await start(job);
      announce();
      await session.control.expect("ready");
      session.control.send({ type: "streams", count: 1 });
      return await another();
    }

    /** Opens a further connection, as instead of a broken one. */
    async function another(): Promise<HostileStream> {
      const proven = await new Promise<AuthenticatedStream>((resolve, reject) => {
        session.bringUp(fixedCount(1), resolve).catch(reject);
      });
      streams.push(proven);
      return await HostileStream.create(proven, cipher);
    }

    /** Returns the reason for which the remote end aborted. */
    async function refusal(): Promise<string> {
      try {
        for (;;) {
          const message = await session.control.expect("ready", "refused", "opened", "unopened", "closed", "finished");
          if (message.type === "refused" || message.type === "unopened") return message.failure.message;
          if (message.type === "finished") return `finished ${message.files} ${message.bytes}`;
        }
      } catch (error) {
        if (error instanceof PeerAbort) return `${error.code}: ${error.message}`;
        throw error;
      }
    }

    it("accept messages of a copy while it cleans", async () => {
      await start({ direction: "clean", sources: [tree.path], olderThanMs: 0 });
      session.control.send({ type: "streams", count: 1 });
      await assertRejects(
        async () => {
          for (;;) await session.control.expect("removed", "failed", "cleaned");
        },
        PeerAbort,
        "streams",
      );
    });

    for (const name of ["..", "a/b", "", "/etc", "a\0b", "dir/../.."]) {
      it(`name a target ${JSON.stringify(name)}`, async () => {
        await start();
        announce([{ ...DIR, name }]);
        assertMatch(await refusal(), /bad-path/);
      });
    }

    const RECORDS: [name: string, records: TestRecord[]][] = [
      ["..", [ROOT, file("..")]],
      ["../outside", [ROOT, file("../outside")]],
      ["an absolute path", [ROOT, file("/tmp/escp-hostile")]],
      ["an empty name", [ROOT, file("")]],
      ["a name with NUL", [ROOT, file("a\0b")]],
      ["a directory above", [ROOT, { type: RecordType.directory, name: "../.." }, file("outside")]],
      ["an unknown root", [{ ...ROOT, root: 3 }, file("x")]],
    ];
    for (const [name, records] of RECORDS) {
      it(`write to ${name}`, async () => {
        const stream = await begin();
        await stream.pack(...records);
        assertMatch(await refusal(), /bad-path/);
      });
    }

    it("write through a link", async () => {
      const stream = await begin();
      await stream.pack(ROOT, { type: RecordType.directory, name: "planted" }, file("outside"));
      const result = await stream.result();
      assertMatch(JSON.stringify(result), /it is a symbolic link/);
    });

    const firstPiece = (directory: string, name: string) =>
      piecePayload({ piece: Piece.first }, "hostile", [
        { type: RecordType.enter, name: directory },
        { type: RecordType.file, name, fields: { size: 14, mode: 0o644 } },
      ]);
    const lastPiece = piecePayload({ piece: Piece.last }, "hostile");

    it("write pieces of a file through a link", async () => {
      const stream = await begin();
      await stream.send(FrameKind.pack, firstPiece("planted", "outside"));
      await stream.send(FrameKind.pack, lastPiece);
      assertMatch(JSON.stringify(await stream.result()), /it is a symbolic link/);
    });

    for (const name of ["..", "../outside", "/tmp/escp-hostile", "", "a\0b"]) {
      it(`write pieces of a file to ${JSON.stringify(name)}`, async () => {
        const stream = await begin();
        await stream.send(FrameKind.pack, firstPiece("", name));
        assertMatch(await refusal(), /bad-path/);
      });
    }

    it("keep a part of a file in pieces", async () => {
      const stream = await begin();
      await stream.send(FrameKind.pack, firstPiece("", "f"));
      await stream.send(FrameKind.keepAlive);
      await stream.pack(ROOT, file("g"));
      assertMatch(await refusal(), /bad-record: .*the file is incomplete/);
    });

    for (const job of [{ inplace: true }, { verify: true }, { fsync: true }]) {
      it(`send pieces that the target does not accept (${Object.keys(job)})`, async () => {
        const stream = await begin(job);
        await stream.send(FrameKind.pack, firstPiece("", "f"));
        assertMatch(await refusal(), /bad-record: .*the target does not accept any/);
      });
    }

    const PRIVATE = ".escp-0123456789abcdef.part";
    const reserved = /its name is reserved for the temporary files of escp/;

    it("write to private names: each fails, and the rest is written", async () => {
      const stream = await begin();
      const directory = (name: string): TestRecord => ({ type: RecordType.directory, name });
      await stream.pack(
        ROOT,
        file(PRIVATE),
        file("good"),
        { type: RecordType.symlink, name: PRIVATE, contents: "good" },
        { type: RecordType.hardlink, name: PRIVATE, contents: "good" },
        { type: RecordType.hardlink, name: "link", contents: `sub/${PRIVATE}` },
        directory(PRIVATE),
        file("below"),
        directory(`sub/${PRIVATE}/sub`),
        directory("sub"),
        file("good too"),
      );
      const result = await stream.result();
      const outcomes = result?.type === "pack" ? result.outcomes : [];
      const isRefused = outcomes.map((outcome) => typeof outcome !== "number" && reserved.test(outcome.message));
      assertEquals(isRefused, [false, true, false, true, true, true, true, true, true, false, false]);
      const path = `sub/${PRIVATE}` as WirePath;
      session.control.send({ type: "open", file: 0, root: 0, path, size: 2 << 20, attributes: ATTRIBUTES });
      assertMatch(await refusal(), reserved);
      await stream.end();
      session.control.send({ type: "finish", files: 2, bytes: 14 });
      assertEquals(await refusal(), "finished 2 14");
      assertEquals(listNames(`${tree.path}/to/dir/sub`), ["good too"]);
    });

    for (const kind of ["file", "folder"] as const) {
      it(`write a ${kind} with a private name: the rest is written`, async () => {
        await start();
        announce([{ ...DIR, kind, name: PRIVATE }, DIR]);
        await session.control.expect("ready");
        session.control.send({ type: "streams", count: 1 });
        const stream = await another();
        const enter = (root: number): TestRecord => ({ type: RecordType.enter, name: "", root });
        const own = kind === "file" ? file("") : file("x");
        await stream.pack(enter(0), { ...own, root: 0 }, enter(1), { ...file("good"), root: 1 });
        const result = await stream.result();
        const [refused, good] = result?.type === "pack" ? result.outcomes : [];
        assertMatch(JSON.stringify(refused), reserved);
        assertEquals(typeof good, "number");
        const path = (kind === "file" ? "" : "large") as WirePath;
        session.control.send({ type: "open", file: 0, root: 0, path, size: 2 << 20, attributes: ATTRIBUTES });
        assertMatch(await refusal(), reserved);
      });
    }

    it("examine a private name, or remove it by verification", async () => {
      await Deno.writeTextFile(`${tree.path}/to/dir/${PRIVATE}`, "hostile");
      const stream = await begin({ verify: true, update: "contents" });
      await stream.send(FrameKind.compare, askPayload([ROOT, file(PRIVATE)]));
      assertMatch(JSON.stringify(await stream.result()), reserved);
      await stream.send(FrameKind.compare, askPayload([ROOT, file(PRIVATE)], { unit: 1, verify: true, last: true }));
      assertEquals((await stream.result())?.type, "answer");
      assertEquals(await Deno.readTextFile(`${tree.path}/to/dir/${PRIVATE}`), "hostile");
      await Deno.remove(`${tree.path}/to/dir/${PRIVATE}`);
    });

    const MiB = 1 << 20;
    /** Sends a pack of one file, compressed with deflate, with a false header. */
    const deflated = (claims: { codec?: number; length?: number } = {}, contents = "hostile") => {
      const payload = packPayload([ROOT, { ...file("good"), contents }]);
      const records = payload.subarray(PACK_HEADER_BYTES);
      const coded = deflateRawSync(records);
      const sent = new Uint8Array(PACK_HEADER_BYTES + coded.length);
      const header = { unit: 0, attempt: 0, codec: 3, length: records.length, ...claims };
      writePackHeader(new DataView(sent.buffer), 0, header);
      sent.set(coded, PACK_HEADER_BYTES);
      return sent;
    };

    it("refuse valid compressed data", async () => {
      const stream = await begin({ compress: true });
      await stream.send(FrameKind.pack, deflated());
      assertEquals((await stream.result())?.type, "pack");
      await stream.end();
      session.control.send({ type: "finish", files: 1, bytes: 7 });
      assertEquals(await refusal(), "finished 1 7");
      assertEquals(await Deno.readTextFile(`${tree.path}/to/dir/good`), "hostile");
    });

    it("decompress data with a codec that was not agreed on", async () => {
      const stream = await begin();
      await stream.send(FrameKind.pack, deflated());
      assertMatch(await refusal(), /bad-coding/);
    });

    const PACKS: [name: string, payload: () => Uint8Array<ArrayBuffer>, code: RegExp][] = [
      ["more than it announces", () => deflated({ length: 4000 }, "x".repeat(MiB)), /bad-coding/],
      ["less than it announces", () => deflated({ length: MiB }), /bad-coding/],
      ["more than a frame may hold", () => deflated({ length: 3 * MiB }, "x".repeat(MiB)), /bad-record/],
      ["as zstd what is deflate", () => deflated({ codec: 2 }), /bad-coding/],
      ["with an unknown codec", () => deflated({ codec: 9 }), /bad-record/],
      ["half of it", () => deflated({}, "abcdefgh".repeat(1000)).slice(0, PACK_HEADER_BYTES + 40), /bad-coding/],
    ];
    for (const [name, payload, code] of PACKS) {
      it(`decompress a pack: ${name}`, async () => {
        const stream = await begin({ compress: true });
        await stream.send(FrameKind.pack, payload());
        assertMatch(await refusal(), code);
      });
    }

    it("decompress a block beyond its length", async () => {
      const stream = await begin({ compress: true });
      const path = "large" as WirePath;
      session.control.send({ type: "open", file: 0, root: 0, path, size: 2 * MiB, attributes: ATTRIBUTES });
      await session.control.expect("opened");
      await stream.block({ codec: 3, length: MiB }, new Uint8Array(deflateRawSync(new Uint8Array(64 * MiB))));
      assertMatch(await refusal(), /bad-coding/);
    });

    for (const path of ["../../outside", "/tmp/escp-hostile", "", "a/../../x", "a\0b"]) {
      it(`open ${JSON.stringify(path)}`, async () => {
        await begin();
        const message: Message = {
          type: "open",
          file: 0,
          root: 0,
          path: path as WirePath,
          size: 1,
          attributes: ATTRIBUTES,
        };
        session.control.send(message);
        assertMatch(await refusal(), /bad-path/);
      });
    }

    const LENT: Partial<BlockHeader> = { codec: BlockCodec.reference, length: 10, crc32: 0 };
    /** Returns the file that this process has open as a descriptor. */
    const lent = (descriptor: number) => {
      const bytes = new Uint8Array(SHARED_FILE_BYTES);
      writeSharedFile(new DataView(bytes.buffer), 0, { descriptor, dev: 1, inode: 1 });
      return bytes;
    };

    async function sendLent(job: Partial<CopyJob>): Promise<HostileStream> {
      const stream = await begin(job);
      const path = "large" as WirePath;
      session.control.send({ type: "open", file: 0, root: 0, path, size: 10, attributes: ATTRIBUTES });
      await session.control.expect("opened");
      await stream.block(LENT, lent(0));
      return stream;
    }

    it("copy a shared file without agreement", async () => {
      await sendLent({});
      assertMatch(await refusal(), /bad-block/);
    });

    it("copy a file that another process has open", async () => {
      // A process that exists, and has not started the remote end.
      await start({ lends: Deno.ppid });
      announce();
      assertEquals((await session.control.expect("ready")).borrows, undefined);
    });

    it("copy another file instead of the shared one", { ignore: engine === "portable" }, async () => {
      const stream = await sendLent({ lends: Deno.pid });
      assertMatch(JSON.stringify(await stream.result()), /ESTALE/);
    });

    const DRY = { dryRun: true };
    const DIGEST = { phase: ComparePhase.digest };
    const UPDATE = { update: "contents" } as const;
    const ASKS: [name: string, code: RegExp, job: Partial<CopyJob>, payload: Uint8Array][] = [
      ["about anything when the job has no questions", /bad-frame/, {}, askPayload([ROOT])],
      ["about a path above", /bad-path/, UPDATE, askPayload([ROOT, file("..")])],
      ["about a directory above", /bad-path/, DRY, askPayload([{ ...ROOT, name: "../.." }])],
      ["about an unknown root", /bad-path/, DRY, askPayload([{ ...ROOT, root: 3 }])],
      ["about an entry of no directory", /bad-record/, DRY, askPayload([file("x")])],
      ["about contents without a digest", /bad-record/, UPDATE, askPayload([ROOT, file("x")], DIGEST)],
      ["about the contents of a link", /bad-record/, UPDATE, askPayload([ROOT, LINK], DIGEST)],
      ["about too many", /bad-record/, UPDATE, askPayload([ROOT, ...Array(512).fill(file("x"))])],
      ["in an unknown phase", /bad-record/, UPDATE, askPayload([ROOT], { phase: 3 })],
      ["with fewer bytes than its header claims", /bad-record/, UPDATE, askPayload([ROOT], { recordsBytes: 1 << 30 })],
    ];
    for (const [name, code, job, payload] of ASKS) {
      it(`answer a compare request ${name}`, async () => {
        const stream = await begin(job);
        await stream.send(FrameKind.compare, payload);
        assertMatch(await refusal(), code);
      });
    }

    it("follow a link in a comparison", async () => {
      const stream = await begin(UPDATE);
      await stream.send(
        FrameKind.compare,
        askPayload([ROOT, { type: RecordType.directory, name: "planted" }, file("outside")]),
      );
      assertMatch(JSON.stringify(await stream.result()), /it is a symbolic link/);
    });

    it("write in a dry run", async () => {
      const stream = await begin(DRY);
      await stream.pack(ROOT, file("new"));
      assertMatch(await refusal(), /bad-frame/);
    });

    it("open a file in a dry run", async () => {
      await begin(DRY);
      const path = "new" as WirePath;
      session.control.send({ type: "open", file: 0, root: 0, path, size: 1, attributes: ATTRIBUTES });
      assertMatch(await refusal(), /bad-order/);
    });

    for (const part of [{ range: { start: 0, end: 1 } }, { joined: true }]) {
      it(`open a part of a file without a shard (${Object.keys(part)})`, async () => {
        await begin();
        const path = "new" as WirePath;
        session.control.send({ type: "open", file: 0, root: 0, path, size: 1, attributes: ATTRIBUTES, ...part });
        assertMatch(await refusal(), /bad-order/);
      });
    }

    it("accept a block of a file that is not open", async () => {
      const stream = await begin();
      await stream.block({ file: 9 }, new Uint8Array(100));
      stream.send(FrameKind.end).catch(() => {});
      session.control.send({ type: "finish", files: 1, bytes: 100 });
      assertMatch(await refusal(), /^(finished 0 0|bad-\w+: .*)$/);
    });

    const SPOILT: [name: string, code: RegExp, spoil: (stream: HostileStream) => Promise<unknown>][] = [
      ["a replayed frame", /bad-counter/, async (stream) => {
        const frame = await stream.seal(FrameKind.pack, packPayload([ROOT, file("good")]));
        await stream.raw(frame);
        await stream.raw(frame);
      }],
      ["a gap in the counter", /bad-counter/, async (stream) => {
        await stream.seal(FrameKind.keepAlive, new Uint8Array());
        await stream.send(FrameKind.keepAlive);
      }],
      ["a bad tag", /bad-tag/, async (stream) => {
        const frame = await stream.seal(FrameKind.pack, packPayload([ROOT, file("bad")]));
        frame[frame.length - 1] ^= 0x80;
        await stream.raw(frame);
      }],
      ["an oversized length", /bad-frame/, async (stream) => {
        const frame = await stream.seal(FrameKind.pack, packPayload([ROOT, file("bad")]));
        frame[8] = 0xff;
        await stream.raw(frame);
      }],
    ];
    for (const [name, code, spoil] of SPOILT) {
      it(`accept ${name}, or tolerate it forever`, async () => {
        const first = await begin();
        const refused = refusal();
        let over = false;
        refused.finally(() => over = true).catch(() => {});
        // The network may corrupt one connection, but not this number.
        for (let stream = first, count = 1; !over; count++) {
          assert(count < 20, "it tolerates that forever");
          await spoil(stream).catch(() => {});
          const next = await Promise.race([another().catch(() => refused), refused]);
          if (next instanceof HostileStream) stream = next;
        }
        assertMatch(await refused, code);
        assert(!temporaryFiles(tree.path).length);
      });
    }

    it("accept data of a corrupt connection; the next one continues", async () => {
      const damaged = await begin();
      const frame = await damaged.seal(FrameKind.pack, packPayload([ROOT, file("bad")]));
      frame[frame.length - 1] ^= 0x80;
      await damaged.raw(frame);
      await assertRejects(() => damaged.result());
      const stream = await another();
      await stream.pack(ROOT, file("good"));
      await stream.result();
      await stream.end();
      session.control.send({ type: "finish", files: 1, bytes: 7 });
      assertEquals(await refusal(), "finished 1 7");
      assertEquals(session.control.corrupt, 1);
      assertEquals(listNames(`${tree.path}/to/dir`), ["good", "planted"]);
    });

    it("accept a frame of a receiver", async () => {
      await (await begin()).send(FrameKind.result, new Uint8Array(9));
      assertMatch(await refusal(), /bad-frame/);
    });

    const LINES: [name: string, code: RegExp, line: string][] = [
      ["rubbish", /bad-message/, "rubbish"],
      ["a message of no type", /bad-message/, '{"type":"constructor"}'],
      ["an endless line", /long-line/, "x".repeat(2 << 20)],
      ["a message out of order", /bad-order/, '{"type":"ready"}'],
    ];
    for (const [name, code, line] of LINES) {
      it(`accept ${name} on the control channel`, async () => {
        await begin();
        session.control.sendLine(line);
        assertMatch(await refusal(), code);
      });
    }

    it("accept an invalid answer to its hello without an error", async () => {
      await start({ symlinks: "sideways" as "skip" });
      assertMatch(await refusal(), /^bad-message: .*symlinks/);
    });

    it("accept a block size that exhausts its memory", async () => {
      await start({ blockBytes: 2 ** 40 });
      announce();
      assertMatch(await refusal(), /bad-message/);
    });

    it("send bytes beyond the end of a file", async () => {
      await Deno.writeFile(`${tree.path}/to/large`, new Uint8Array(2 << 20));
      await start({ direction: "pull", sources: [`${tree.path}/to/large`] } as Partial<CopyJob>);
      await session.control.expect("sources");
      session.control.send({ type: "ready" });
      session.control.send({ type: "streams", count: 1 });
      session.bringUp(fixedCount(1), (stream) => streams.push(stream)).catch(() => {});
      let opened = await session.control.expect("open", "totals");
      while (opened.type === "totals") opened = await session.control.expect("open", "totals");
      const { file } = opened;
      session.control.send({ type: "opened", file, missing: [{ start: 0, end: 2 ** 52 }], sequential: false });
      for (
        let message = await session.control.next();
        message.type !== "abort";
        message = await session.control.next()
      ) {
        if (message.type === "drop" || message.type === "failed") return;
        assertEquals(message.type, "totals");
      }
    });

    describe("with a delta of an existing file", () => {
      const SIZE = 128 << 10;
      const OLD = randomBytes(SIZE, 1);
      const block = { length: SIZE, crc32: crc32(OLD, 0, SIZE), codec: BlockCodec.old };
      const offset = (at: number) =>
        Uint8Array.from({ length: 8 }, (_, byte) => Math.floor(at / 2 ** (8 * byte)) & 0xff);

      /** Announces the file, which exists. */
      async function open(job: Partial<CopyJob> = { delta: true }): Promise<HostileStream> {
        const stream = await begin(job);
        await Deno.writeFile(`${tree.path}/to/dir/old`, OLD);
        const path = "old" as WirePath;
        const message = { file: 0, root: 0, path, size: SIZE, delta: true, attributes: ATTRIBUTES };
        session.control.send({ type: "open", ...message });
        const { delta } = await session.control.expect("opened");
        assertEquals(delta?.size, job.delta ? SIZE : undefined);
        return stream;
      }

      async function request(stream: HostileStream, request: Partial<SignatureRequest>): Promise<void> {
        const payload = new Uint8Array(20 + 16 * (request.ranges?.length ?? 1));
        const ranges = [{ start: 0, end: SIZE }];
        writeSignatureRequest(new DataView(payload.buffer), 0, {
          unit: 9,
          file: 0,
          blockBytes: 8192,
          ranges,
          ...request,
        });
        await stream.send(FrameKind.signature, payload);
      }

      afterEach(async () => assertEquals(await Deno.readFile(`${tree.path}/to/dir/old`), OLD));

      it("copy a block of it with another CRC-32", async () => {
        const stream = await open();
        await stream.block({ ...block, crc32: 1 }, offset(0));
        const result = await stream.result();
        assertMatch(result?.type === "range" ? result.failure?.message ?? "" : "", /CRC-32 differs/);
        session.control.send({ type: "drop", file: 0 });
      });

      it("copy bytes beyond its end", async () => {
        const stream = await open();
        await stream.block(block, offset(1));
        assertMatch(await refusal(), /^bad-block: .*old file/);
      });

      it("copy a block of it in a job without delta transfer", async () => {
        const stream = await open({});
        await stream.block(block, offset(0));
        assertMatch(await refusal(), /^bad-block: .*old file/);
      });

      it("move a block of a file that is changed in place", async () => {
        const stream = await open({ delta: true, inplace: true });
        await stream.block({ ...block, offset: 4096, length: 4096 }, offset(0));
        assertMatch(await refusal(), /^bad-block: .*in place/);
      });

      it("digest a file that was not opened, or has no old file", async () => {
        await request(await open({}), {});
        assertMatch(await refusal(), /^bad-signature/);
      });

      it("digest bytes beyond its end", async () => {
        await request(await open(), { ranges: [{ start: 0, end: SIZE + 8192 }] });
        assertMatch(await refusal(), /^bad-signature: .*exceeds/);
      });

      it("digest too many ranges", async () => {
        await request(await open(), { blockBytes: 4096, ranges: Array(4097).fill({ start: 0, end: 4096 }) });
        assertMatch(await refusal(), /^bad-signature: .*4097 ranges/);
      });

      it("digest too many bytes", async () => {
        await request(await open(), { ranges: Array(65).fill({ start: 0, end: 1 << 20 }) });
        assertMatch(await refusal(), /^bad-signature: .*too long/);
      });

      it("digest a part of a block, whose contents it could guess", async () => {
        for (const range of [{ start: 1, end: 4096 }, { start: 0, end: 1 }, { start: 4095, end: 8192 }]) {
          await request(await open(), { blockBytes: 4096, ranges: [range] });
          assertMatch(await refusal(), /^bad-signature: .*whole blocks/);
          break;
        }
      });

      it("use a file that has replaced it", async () => {
        const stream = await open();
        await Deno.writeFile(`${tree.path}/other`, OLD);
        await Deno.rename(`${tree.path}/other`, `${tree.path}/to/dir/old`);
        await request(stream, {});
        assertEquals(await stream.result(), { type: "signature", unit: 9 });
        await stream.block(block, offset(0));
        const result = await stream.result();
        assertMatch(result?.type === "range" ? result.failure?.message ?? "" : "", /another file has taken its place/);
        session.control.send({ type: "drop", file: 0 });
      });
    });

    it("serve strangers on its port, or be disturbed by them", async () => {
      const stream = await begin();
      const { port } = (stream.conn as Deno.TcpConn).remoteAddr as Deno.NetAddr;
      const strangers = [];
      for (let count = 0; count < 20; count++) {
        const conn = await Deno.connect({ hostname: "127.0.0.1", port });
        const preamble = formatPreamble(session.secrets.id, count);
        await conn.write(count % 2 === 0 ? crypto.getRandomValues(new Uint8Array(200)) : preamble);
        // A known preamble and an invalid proof.
        if (count % 4 === 1) await conn.write(new Uint8Array(64));
        strangers.push(conn);
      }
      try {
        await stream.pack(ROOT, file("good"));
        await stream.result();
        await stream.end();
        session.control.send({ type: "finish", files: 1, bytes: 7 });
        assertEquals(await refusal(), "finished 1 7");
        assertEquals(await Deno.readTextFile(`${tree.path}/to/dir/good`), "hostile");
      } finally {
        for (const conn of strangers) conn.close();
      }
    });

    it("keep anything of a file if the client ends in the middle", async () => {
      const stream = await begin();
      const path = "large" as WirePath;
      session.control.send({ type: "open", file: 0, root: 0, path, size: 4 << 20, attributes: ATTRIBUTES });
      await session.control.expect("opened");
      await stream.block({ last: false }, new Uint8Array(1 << 20));
      assertEquals(temporaryFiles(tree.path).length, 1);
      stream.conn.close();
    });
  });
}
