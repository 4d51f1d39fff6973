/** Vectors that a separate program made from the protocol documents. They must never change for version 1. */

import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type CipherName, type DirectionKey } from "../../src/crypto/cipher.ts";
import { deriveSessionKey, deriveStreamKeys } from "../../src/crypto/key_schedule.ts";
import { NonceSequence } from "../../src/crypto/nonce.ts";
import { forEachListed, mapListed } from "../../src/protocol/data/access_lists.ts";
import {
  BLOCK_HEADER_BYTES,
  BlockCodec,
  type BlockHeader,
  readBlockHeader,
  readOldOffset,
  writeBlockHeader,
  writeOldOffset,
} from "../../src/protocol/data/block.ts";
import { crc32 } from "../../src/protocol/crc32.ts";
import { FRAME_HEADER_BYTES, FRAME_TAG_BYTES, frameBytes, writeFrameHeader } from "../../src/protocol/data/frame.ts";
import { formatHello, parseHello } from "../../src/protocol/control/hello.ts";
import { formatMessage, parseMessage } from "../../src/protocol/control/message_codec.ts";
import { decodeName } from "../../src/protocol/names.ts";
import { type OwnerName, readOwners, writeOwner } from "../../src/protocol/data/owners.ts";
import { PACK_HEADER_BYTES, Piece, readPackHeader } from "../../src/protocol/data/pack.ts";
import { formatPreamble, parsePreamble } from "../../src/protocol/data/preamble.ts";
import { RecordCursor, RecordField, RecordType } from "../../src/protocol/data/records.ts";
import { readSignatureRequest, writeSignatureRequest } from "../../src/protocol/data/signature.ts";
import { readResult, type Result, writeResult } from "../../src/protocol/data/results.ts";
import { transcript } from "../../src/crypto/key_schedule.ts";
import { CIPHER_ENGINES } from "../crypto/cipher_engines.ts";
import golden from "./golden/version_1.json" with { type: "json" };

async function keysOf(cipher: string, stream: number) {
  const { start } = golden.keys.find((each) => each.cipher === cipher)!;
  const session = await deriveSessionKey(
    Uint8Array.fromHex(golden.secret),
    Uint8Array.fromHex(golden.random),
    transcript(golden.hello, start),
  );
  return { session, keys: await deriveStreamKeys(session, cipher as CipherName, stream) };
}

const hexOf = ({ key, salt }: DirectionKey) => ({ key: key.toHex(), salt: salt.toHex() });
const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

describe("golden vectors of version 1", () => {
  it("have a hello line that is parsed and formatted", () => {
    const hello = parseHello(golden.hello);
    assertEquals([hello.secret.toHex(), hello.session, hello.port], [golden.secret, golden.session, 1232]);
    assertEquals(formatHello(hello), golden.hello);
  });

  it("have a preamble that is parsed and formatted", () => {
    const { stream, bytes } = golden.preamble;
    assertEquals(formatPreamble(golden.session, stream).toHex(), bytes);
    assertEquals(parsePreamble(Uint8Array.fromHex(bytes), golden.session), stream);
  });

  for (const { cipher, start, transcriptHash, streams } of golden.keys) {
    it(`have the start line and the keys of ${cipher}`, async () => {
      const message = parseMessage(start);
      assertEquals(formatMessage(message), start);
      for (const { stream, toRemote, toClient } of streams) {
        const { session, keys } = await keysOf(cipher, stream);
        assertEquals(session.transcriptHash.toHex(), transcriptHash);
        assertEquals([hexOf(keys.toRemote), hexOf(keys.toClient)], [toRemote, toClient]);
      }
    });
  }

  for (const engine of CIPHER_ENGINES) {
    it(`have the frames of the ${engine.name} engine (${engine.library})`, async () => {
      for (const { cipher, stream, direction, kind, counter, payload, bytes } of golden.frames) {
        const { keys } = await keysOf(cipher, stream);
        const key = keys[direction as "toRemote" | "toClient"];
        const plain = Uint8Array.fromHex(payload);
        const nonces = new NonceSequence(key.salt, counter);
        nonces.advance(kind);
        const frame = new Uint8Array(frameBytes(plain.length));
        writeFrameHeader(frame, 0, nonces.nonce, plain.length);
        frame.set(plain, FRAME_HEADER_BYTES);
        const coder = await engine.create(key);
        const end = frame.length - FRAME_TAG_BYTES;
        await coder.seal(nonces.nonce, frame, 0, FRAME_HEADER_BYTES, end);
        assertEquals(frame.toHex(), bytes);
        await coder.open(nonces.nonce, frame, 0, FRAME_HEADER_BYTES, end);
        const padded = frame.subarray(FRAME_HEADER_BYTES, end).toHex();
        assertEquals(padded, payload.padEnd(padded.length, "0"));
        coder.close();
      }
    });
  }

  it("have pieces of a file that are parsed", () => {
    for (const { bytes: text, contents, ...header } of golden.pieces) {
      const bytes = Uint8Array.fromHex(text);
      const parsed = readPackHeader(viewOf(bytes), 0, bytes.length, bytes.length);
      assertEquals(parsed, { unit: 9, attempt: 2, codec: 0, length: 0, ...header });
      const start = PACK_HEADER_BYTES + parsed.records;
      assertEquals(decodeName(bytes.subarray(start)), contents);
      assertEquals(crc32(bytes, start, bytes.length), parsed.crc32);
      if (parsed.records === 0) continue;
      const cursor = new RecordCursor(bytes, PACK_HEADER_BYTES, start, { plan: true });
      const seen = [];
      while (cursor.next()) seen.push([cursor.type, cursor.root, cursor.size]);
      assertEquals(seen, [[RecordType.enter, 1, 0], [RecordType.file, 1, 20]]);
    }
  });

  it("have a pack and records that are parsed", () => {
    const bytes = Uint8Array.fromHex(golden.pack.bytes);
    assertEquals(readPackHeader(viewOf(bytes), 0, bytes.length, bytes.length), {
      unit: golden.pack.unit,
      attempt: golden.pack.attempt,
      ...{ codec: 0, length: 0, piece: Piece.none, isFresh: false, crc32: 0, records: 0 },
    });
    const cursor = new RecordCursor(bytes, PACK_HEADER_BYTES, bytes.length, { plan: false });
    const seen = [];
    while (cursor.next()) {
      const name = decodeName(bytes.subarray(cursor.nameStart, cursor.nameEnd));
      const contents = decodeName(bytes.subarray(cursor.contentStart, cursor.contentEnd));
      seen.push([cursor.type, cursor.root, name, contents]);
      if (cursor.type !== RecordType.file) continue;
      const { mode, uid, gid, mtimeNs, atimeNs } = RecordField;
      assertEquals([mode, uid, gid, mtimeNs, atimeNs].map((field) => cursor.uint32(field)), [
        0o644,
        1000,
        100,
        123_456_789,
        987_654_321,
      ]);
      assertEquals(cursor.uint32(RecordField.crc32), crc32(bytes, cursor.contentStart, cursor.contentEnd));
      assertEquals([cursor.seconds(RecordField.mtime), cursor.seconds(RecordField.atime)], [1700000000, 1700000001]);
      assertEquals(cursor.version(), 2 ** 40 + 7);
    }
    assertEquals(seen, [
      [RecordType.directory, 1, "a", ""],
      [RecordType.file, 1, "f\udcff.txt", "hello, world\n"],
      [RecordType.file, 1, "n".repeat(63), String.fromCharCode(...Array(64).keys())],
      [RecordType.symlink, 1, "s", "../x"],
      [RecordType.enter, 1, "a/b", ""],
      [RecordType.hardlink, 1, "h", "a/f\udcff.txt"],
    ]);
  });

  it("have blocks that are parsed and formatted", () => {
    for (const { header, payload } of golden.blocks as { header: BlockHeader; payload: string }[]) {
      const bytes = Uint8Array.fromHex(payload);
      assertEquals(readBlockHeader(viewOf(bytes), 0, bytes.length, 1 << 20), header);
      const written = new Uint8Array(BLOCK_HEADER_BYTES);
      writeBlockHeader(viewOf(written), 0, header);
      assertEquals(written.toHex(), payload.slice(0, 2 * BLOCK_HEADER_BYTES));
    }
  });

  it("have blocks of old files with their offset", () => {
    const old = golden.blocks.find(({ header }) => header.codec === BlockCodec.old)!;
    const bytes = Uint8Array.fromHex(old.payload);
    assertEquals(readOldOffset(viewOf(bytes), BLOCK_HEADER_BYTES, old.header, 2 ** 34), 2 ** 33 + 4096);
    const written = new Uint8Array(8);
    writeOldOffset(viewOf(written), 0, 2 ** 33 + 4096);
    assertEquals(written.toHex(), old.payload.slice(2 * BLOCK_HEADER_BYTES));
  });

  it("have signature requests and signatures that are parsed and formatted", () => {
    for (const { request, bytes } of golden.signatureRequests) {
      const wire = Uint8Array.fromHex(bytes);
      assertEquals(readSignatureRequest(viewOf(wire), 0, wire.length), request);
      const written = new Uint8Array(1000);
      assertEquals(written.subarray(0, writeSignatureRequest(viewOf(written), 0, request)).toHex(), bytes);
    }
    for (const { unit, digests, bytes } of golden.signatures) {
      const wire = Uint8Array.fromHex(bytes);
      const result: Result = { type: "signature", unit, digests: Uint8Array.fromHex(digests) };
      assertEquals(readResult(viewOf(wire), 0, wire.length), result);
      const written = new Uint8Array(1000);
      assertEquals(written.subarray(0, writeResult(viewOf(written), 0, result)).toHex(), bytes);
    }
  });

  it("have names of owners that are parsed and formatted", () => {
    const owners = golden.owners.owners as OwnerName[];
    const wire = Uint8Array.fromHex(golden.owners.bytes);
    assertEquals(readOwners(wire, viewOf(wire), 0, wire.length), owners);
    const written = new Uint8Array(wire.length);
    owners.reduce((at, owner) => writeOwner(written, viewOf(written), at, owner), 0);
    assertEquals(written.toHex(), golden.owners.bytes);
  });

  it("have access control lists whose users and groups are found and replaced", () => {
    const { block, owners, numbers, mapped } = golden.accessLists;
    const bytes = Uint8Array.fromHex(block);
    const found: unknown[] = [];
    forEachListed(bytes, (kind, id) => found.push({ kind, id }));
    assertEquals(found, owners);
    mapListed(bytes, (kind, id) => numbers.find((each) => each.kind === kind && each.from === id)?.to ?? id);
    assertEquals(bytes.toHex(), mapped);
  });

  for (const line of golden.messages) {
    it(`have a message that is parsed and formatted: ${line}`, () => {
      const message = parseMessage(line);
      assertEquals(JSON.parse(formatMessage(message)), JSON.parse(line));
      assertEquals(parseMessage(formatMessage(message)), message);
    });
  }

  it("have results that are parsed and formatted", () => {
    for (const { result, bytes } of golden.results as { result: Result; bytes: string }[]) {
      const wire = Uint8Array.fromHex(bytes);
      assertEquals(readResult(viewOf(wire), 0, wire.length), result);
      const written = new Uint8Array(20_000);
      assertEquals(written.subarray(0, writeResult(viewOf(written), 0, result)).toHex(), bytes);
    }
  });
});
