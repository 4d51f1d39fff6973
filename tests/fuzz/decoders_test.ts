import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { availableCodecs, createCodec } from "../../src/compress/codecs.ts";
import { readBlockHeader } from "../../src/protocol/data/block.ts";
import { HelloScanner, parseHello } from "../../src/protocol/control/hello.ts";
import { MAX_LINE_BYTES } from "../../src/protocol/limits.ts";
import { LineDecoder } from "../../src/protocol/control/line_decoder.ts";
import { formatMessage, parseMessage } from "../../src/protocol/control/message_codec.ts";
import { decodeName, encodeName } from "../../src/protocol/names.ts";
import { PACK_HEADER_BYTES, readPackHeader } from "../../src/protocol/data/pack.ts";
import { parsePreamble, PREAMBLE_BYTES } from "../../src/protocol/data/preamble.ts";
import { RecordCursor, RecordField, RecordType } from "../../src/protocol/data/records.ts";
import {
  digestsBytesOf,
  MAX_DIGESTS_BYTES,
  MAX_SIGNED_BYTES,
  readSignatureRequest,
} from "../../src/protocol/data/signature.ts";
import { readResult } from "../../src/protocol/data/results.ts";
import { checkPath, parseWirePath } from "../../src/protocol/wire_path.ts";
import golden from "../protocol/golden/version_1.json" with { type: "json" };
import { text } from "../compress/text.ts";
import { RandomBytes } from "../support/files/random_bytes.ts";
import { mutate, noise } from "./mutate.ts";
import { onlyProtocolErrors } from "./only_protocol_errors.ts";

const CODECS = (["native", "portable"] as const).flatMap((engine) =>
  availableCodecs(engine).map((name) => ({ name, engine }))
);
const ROUNDS = 4000;
const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Decodes random bytes and damaged samples. Asserts that both outcomes occur, so the samples are useful. */
function fuzz(seed: string, samples: Uint8Array[], decode: (bytes: Uint8Array<ArrayBuffer>) => void): void {
  const random = new RandomBytes(seed);
  const seen = { accepted: 0, rejected: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = round % 4 === 0 ? noise(300, random) : mutate(samples[random.below(samples.length)], random);
    seen[onlyProtocolErrors(bytes, () => decode(bytes))]++;
  }
  assert(seen.accepted > 0 && seen.rejected > 0, `${seed}: ${JSON.stringify(seen)}`);
}

describe("with damaged and random bytes", () => {
  it("RecordCursor returns records within the bytes with valid names, or throws a ProtocolError", () => {
    const pack = Uint8Array.fromHex(golden.pack.bytes).subarray(PACK_HEADER_BYTES);
    for (const plan of [false, true]) {
      fuzz(`records ${plan}`, [pack, ...golden.records.map(({ bytes }) => Uint8Array.fromHex(bytes))], (bytes) => {
        const cursor = new RecordCursor(bytes, 0, bytes.length, { plan });
        let last = 0;
        while (cursor.next()) {
          assert(cursor.start === last && cursor.end > cursor.start && cursor.end <= bytes.length);
          assert(cursor.nameEnd < cursor.contentStart && cursor.contentStart <= cursor.contentEnd);
          assert(cursor.contentStart + cursor.contentBytes === cursor.contentEnd && cursor.contentEnd <= cursor.end);
          last = cursor.end;
          const name = textOf(bytes.subarray(cursor.nameStart, cursor.nameEnd));
          const isDirectory = cursor.type === RecordType.enter || cursor.type === RecordType.directory;
          for (const part of name === "" ? [] : isDirectory ? name.split("/") : [name]) {
            assert(part !== "" && part !== "." && part !== ".." && !/[\0/]/.test(part), name);
          }
          cursor.uint32(RecordField.mode);
          cursor.seconds(RecordField.mtime);
          cursor.version();
        }
      });
    }
  });

  it("readPackHeader throws nothing but a ProtocolError", () => {
    fuzz("pack", [Uint8Array.fromHex(golden.pack.bytes).subarray(0, PACK_HEADER_BYTES + 1)], (bytes) => {
      readPackHeader(viewOf(bytes), 0, bytes.length, 1 << 20);
    });
  });

  it("a codec decompresses exactly the announced length, or throws a ProtocolError", () => {
    const contents = text(2000);
    for (const { name, engine } of CODECS) {
      const codec = createCodec(name, engine);
      const room = new Uint8Array(contents.length);
      const coded = room.slice(0, codec.compress(contents, 0, contents.length, room, room.length));
      const to = new Uint8Array(contents.length + 64).fill(0xa5);
      fuzz(`${name} ${engine}`, [coded], (bytes) => {
        codec.decompress(bytes, 0, bytes.length, to, 0, contents.length);
        assert(to.subarray(contents.length).every((byte) => byte === 0xa5));
      });
      codec.close();
    }
  });

  it("readBlockHeader returns a block within the limit, or throws a ProtocolError", () => {
    fuzz("block", golden.blocks.map(({ payload }) => Uint8Array.fromHex(payload)), (bytes) => {
      const block = readBlockHeader(viewOf(bytes), 0, bytes.length, 16);
      assert(Number.isSafeInteger(block.offset) && Number.isSafeInteger(block.offset + block.length));
    });
  });

  it("readSignatureRequest returns a request within the limits, or throws a ProtocolError", () => {
    fuzz("signature", golden.signatureRequests.map(({ bytes }) => Uint8Array.fromHex(bytes)), (bytes) => {
      const request = readSignatureRequest(viewOf(bytes), 0, bytes.length);
      assert(request.ranges.length * 16 <= bytes.length && digestsBytesOf(request) <= MAX_DIGESTS_BYTES);
      assert(request.ranges.every(({ start, end }) => start >= 0 && end > start && end - start <= MAX_SIGNED_BYTES));
    });
  });

  it("readResult returns no more outcomes than bytes allow, or throws a ProtocolError", () => {
    fuzz("result", [...golden.results, ...golden.signatures].map(({ bytes }) => Uint8Array.fromHex(bytes)), (bytes) => {
      const result = readResult(viewOf(bytes), 0, bytes.length);
      if (result.type === "pack") assert(result.outcomes.length * 5 <= bytes.length);
      else if (result.type === "signature") assert((result.digests?.length ?? 0) <= bytes.length);
      else if (result.type !== "answer") assert(Number.isSafeInteger(result.bytes) && result.bytes >= 0);
    });
  });

  it("parsePreamble throws nothing but a ProtocolError", () => {
    const sample = Uint8Array.fromHex(golden.preamble.bytes);
    fuzz("preamble", [sample], (bytes) => {
      const whole = new Uint8Array(PREAMBLE_BYTES);
      whole.set(bytes.subarray(0, PREAMBLE_BYTES));
      parsePreamble(whole, golden.session);
    });
  });

  it("parseHello returns valid fields, or throws a ProtocolError", () => {
    fuzz("hello", [bytesOf(golden.hello)], (bytes) => {
      const hello = parseHello(textOf(bytes));
      assertEquals([hello.secret.length, hello.session.length], [32, 32]);
      assert(hello.port >= 1 && hello.port <= 65_535);
    });
  });

  it("HelloScanner finds a hello line, waits, or throws a ProtocolError", () => {
    const random = new RandomBytes("scanner");
    const sample = bytesOf(`motd\n${golden.hello}\n`);
    for (let round = 0; round < 1000; round++) {
      const scanner = new HelloScanner();
      const bytes = mutate(sample, random);
      onlyProtocolErrors(bytes, () => {
        const found = scanner.push(bytes);
        if (found) assert(found.line.startsWith("escp-hello ") && found.rest.length < bytes.length);
      });
    }
    const scanner = new HelloScanner();
    const pushNoise = () => {
      for (let pushes = 0; pushes < 1000; pushes++) scanner.push(noise(200, random));
    };
    assertEquals(onlyProtocolErrors(new Uint8Array(), pushNoise), "rejected");
    assert(bytesOf(scanner.noise).length < 4 * (64 << 10));
  });

  it("parseMessage returns a valid message, or throws a ProtocolError", () => {
    const failure = { code: "E", path: "/a", message: "m", hint: "h" };
    const attributes = { mode: 0, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, atime: 0, atimeNs: 0 };
    const samples = [
      ...golden.keys.map(({ start }) => start),
      formatMessage({ type: "open", file: 1, root: 0, path: parseWirePath("a/b"), size: 5, attributes }),
      formatMessage({ type: "opened", file: 1, missing: [{ start: 0, end: 5 }], sequential: false }),
      formatMessage({ type: "finished", files: 1, bytes: 2, failures: [failure, failure] }),
      formatMessage({ type: "abort", code: "failed", message: "m" }),
    ];
    fuzz("messages", samples.map(bytesOf), (bytes) => {
      const message = parseMessage(textOf(bytes));
      if (message.type === "open") parseWirePath(message.path);
      formatMessage(message);
    });
  });

  it("parseMessage rejects JSON of a wrong shape with a ProtocolError", () => {
    const random = new RandomBytes("shapes");
    const values = [null, true, 0, -1, 0.5, 1e308, "", "\udc80", [], [[]], {}, { type: "bye" }, 2 ** 53, ["a"]];
    const types = ["start", "sources", "open", "opened", "closed", "refused", "finished", "totals", "abort"];
    const names = ["file", "root", "path", "size", "job", "failure", "sources", "missing", "attributes", "count"];
    for (let round = 0; round < ROUNDS; round++) {
      const pick = <T>(from: T[]) => from[random.below(from.length)];
      const fields = Object.fromEntries(names.map((name) => [name, pick(values)]));
      const line = JSON.stringify({ ...fields, type: pick(types) });
      onlyProtocolErrors(bytesOf(line), () => parseMessage(line));
    }
  });

  it("LineDecoder buffers at most one line, or throws a ProtocolError", () => {
    const random = new RandomBytes("lines");
    for (let round = 0; round < 300; round++) {
      const decoder = new LineDecoder(50);
      for (let pushes = 0; pushes < 20; pushes++) {
        const bytes = noise(200, random);
        for (let at = random.below(120); at < bytes.length; at += 1 + random.below(60)) bytes[at] = 0x0a;
        const outcome = onlyProtocolErrors(bytes, () => {
          for (const line of decoder.push(bytes)) assert(line.length <= 50);
        });
        if (outcome === "rejected") break;
        assert(decoder.length <= 50);
      }
    }
  });

  it("parseWirePath returns a path inside its root, or throws a ProtocolError", () => {
    fuzz("paths", ["a/b/c", "../x", "a/./b", "/", "x\0y"].map(bytesOf), (bytes) => {
      checkPath(bytes, 0, bytes.length);
      const path = decodeName(bytes);
      assertEquals(encodeName(parseWirePath(path)), bytes);
      if (path !== "") assert(path.split("/").every((part) => part !== "" && part !== "." && part !== ".."));
      assert(!path.includes("\0"));
    });
  });
});

describe("announced sizes", () => {
  it("a result, a record and a block of 4 GiB are rejected without allocation", () => {
    const result = Uint8Array.fromHex(golden.results[0].bytes);
    viewOf(result).setUint32(5, 0xffffffff, true);
    const record = Uint8Array.fromHex(golden.records[1].bytes);
    viewOf(record).setUint32(RecordField.size, 0xffffffff, true);
    const block = Uint8Array.fromHex(golden.blocks[0].payload);
    viewOf(block).setUint32(16, 0xffffffff, true);
    const before = Deno.memoryUsage();
    for (let round = 0; round < 1000; round++) {
      const answers = [
        onlyProtocolErrors(result, () => readResult(viewOf(result), 0, result.length)),
        onlyProtocolErrors(record, () => new RecordCursor(record, 0, record.length, { plan: false }).next()),
        onlyProtocolErrors(block, () => readBlockHeader(viewOf(block), 0, block.length, MAX_LINE_BYTES)),
      ];
      assertEquals(answers, ["rejected", "rejected", "rejected"]);
    }
    const { external, heapUsed } = Deno.memoryUsage();
    assert(external - before.external < 16 << 20 && heapUsed - before.heapUsed < 64 << 20);
  });
});
