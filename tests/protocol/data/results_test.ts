import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FRAME_SLACK_BYTES, MIN_BLOCK_BYTES, PACK_FILE_LIMIT, PACK_RECORDS } from "../../../src/protocol/limits.ts";
import {
  type PackResult,
  readResult,
  type Result,
  resultBytesLimit,
  SIGNATURE_RESULT_BYTES,
  writeResult,
} from "../../../src/protocol/data/results.ts";
import type { Failure } from "../../../src/protocol/failure.ts";
import { putUint53 } from "../../../src/protocol/data/records.ts";
import { assertProtocolError } from "../protocol_error.ts";

const MAX_TEXT_BYTES = 2048;
const FAILURE = { code: "ENOSPC", path: "/data/ä", message: "Cannot write", hint: "" };

/** Returns the maximum length that resultBytesLimit states. */
function limitOf(result: Result): number {
  if (result.type === "progress") return resultBytesLimit(0, 0);
  if (result.type === "range") return resultBytesLimit(1, 1);
  if (result.type === "signature") return SIGNATURE_RESULT_BYTES + (result.digests?.length ?? 0);
  const failures = result.outcomes.filter((outcome) => typeof outcome !== "number").length;
  return resultBytesLimit(result.outcomes.length, failures);
}

/** Writes a result to a buffer of the stated maximum length, and reads it. */
function roundTrip(result: Result): Result {
  const view = new DataView(new ArrayBuffer(3 + limitOf(result)));
  return readResult(view, 3, writeResult(view, 3, result));
}

function bytesOf(result: Result): Uint8Array {
  const view = new DataView(new ArrayBuffer(1 << 20));
  return new Uint8Array(view.buffer, 0, writeResult(view, 0, result));
}

const readBytes = (bytes: Uint8Array) => readResult(new DataView(bytes.slice().buffer), 0, bytes.length);

describe("results", () => {
  const results: Result[] = [
    { type: "pack", unit: 0, outcomes: [] },
    { type: "signature", unit: 7, digests: Uint8Array.from({ length: 40 }, (_, index) => index) },
    { type: "signature", unit: 2 ** 32 - 1 },
    { type: "pack", unit: 2 ** 32 - 1, outcomes: [0, 2 ** 32 - 1, FAILURE, 5] },
    { type: "answer", unit: 9, outcomes: [0, 3, FAILURE] },
    { type: "range", unit: 7, bytes: 2 ** 53 - 1, crc32: 2 ** 32 - 1 },
    { type: "range", unit: 7, bytes: 0, crc32: 0, failure: FAILURE },
    { type: "progress", bytes: 0 },
    { type: "progress", bytes: 2 ** 53 - 1 },
  ];
  for (const [index, result] of results.entries()) {
    it(`round-trip (${result.type}, ${index})`, () => assertEquals(roundTrip(result), result));

    it(`are rejected if truncated at any byte, or with one more byte (${result.type}, ${index})`, () => {
      const bytes = bytesOf(result);
      for (let cut = 0; cut < bytes.length; cut++) {
        assertProtocolError("bad-result", () => readBytes(bytes.subarray(0, cut)));
      }
      assertProtocolError("bad-result", () => readBytes(Uint8Array.of(...bytes, 0)));
    });
  }

  it("keep texts of up to 2048 bytes, and truncate longer ones between characters", () => {
    const texts: [string, string][] = [
      ["a".repeat(MAX_TEXT_BYTES), "a".repeat(MAX_TEXT_BYTES)],
      ["a".repeat(MAX_TEXT_BYTES + 1), "a".repeat(MAX_TEXT_BYTES)],
      ["ß".repeat(1024), "ß".repeat(1024)],
      ["ß".repeat(1025), "ß".repeat(1024)],
      ["€".repeat(700), "€".repeat(682)], // 682 * 3 = 2046
      ["a" + "🚀".repeat(600), "a" + "🚀".repeat(511)], // 1 + 511 * 4 = 2045
    ];
    for (const [text, carried] of texts) {
      const failure = { code: text, path: text, message: text, hint: text };
      const outcomes = [failure, 1, failure];
      const cut = { code: carried, path: carried, message: carried, hint: carried };
      assertEquals(roundTrip({ type: "pack", unit: 1, outcomes }), { type: "pack", unit: 1, outcomes: [cut, 1, cut] });
    }
  });

  it("never exceed the stated maximum length", () => {
    const text = "x".repeat(5000);
    const failure = { code: text, path: text, message: text, hint: text };
    for (const [failed, good] of [[1, 0], [10, 0], [64, 9], [65, 0], [0, PACK_RECORDS], [PACK_RECORDS, 0]]) {
      const result: Result = {
        type: "pack",
        unit: 1,
        outcomes: [...Array(failed).fill(failure), ...Array(good).fill(7)],
      };
      assert(bytesOf(result).length <= limitOf(result), `${failed} and ${good}`);
    }
  });

  it("fit into a frame of the smallest block size with any number of failures", () => {
    const frame = Math.max(MIN_BLOCK_BYTES, PACK_FILE_LIMIT) + FRAME_SLACK_BYTES;
    for (const text of ["x".repeat(5000), "€".repeat(2000), "\udcff".repeat(5000)]) {
      const failure = { code: text, path: text, message: text, hint: text };
      const outcomes = Array(PACK_RECORDS).fill(failure);
      assert(bytesOf({ type: "pack", unit: 1, outcomes }).length <= frame / 2);
    }
    assert(resultBytesLimit(PACK_RECORDS, PACK_RECORDS) <= frame);
  });

  it("share 512 KiB among the texts of all failures", () => {
    for (const [failures, bytes] of [[1, 2048], [63, 2048], [64, 2048], [65, 2016], [128, 1024], [512, 256]]) {
      const text = "ab€".repeat(1000);
      const outcomes = Array(failures).fill({ code: text, path: "/a", message: text, hint: "" });
      const result = roundTrip({ type: "pack", unit: 1, outcomes }) as PackResult;
      assertEquals(result.outcomes.length, failures);
      for (const outcome of result.outcomes as Failure[]) {
        assertEquals([outcome.path, outcome.hint], ["/a", ""]);
        assert(text.startsWith(outcome.message) && !outcome.message.includes("\ufffd"));
        const length = new TextEncoder().encode(outcome.message).length;
        assert(length <= bytes && length > bytes - 3, `${failures}: ${length}`);
      }
    }
  });

  it("are rejected with an unknown type or status", () => {
    for (const type of [0, 4, 255]) assertProtocolError("bad-result", () => readBytes(Uint8Array.of(type, 0, 0, 0, 0)));
    const bytes = bytesOf({ type: "pack", unit: 1, outcomes: [5] }).slice();
    bytes[9] = 2;
    assertProtocolError("bad-result", () => readBytes(bytes));
  });

  it("are rejected before allocation if the count exceeds the remaining bytes", () => {
    const bytes = bytesOf({ type: "pack", unit: 1, outcomes: [5, 6] }).slice();
    for (const count of [3, 2 ** 16, 2 ** 32 - 1]) {
      new DataView(bytes.buffer).setUint32(5, count, true);
      assertProtocolError("bad-result", () => readBytes(bytes));
    }
  });

  it("are rejected with a text of more than 2048 bytes", () => {
    const bytes = new Uint8Array(5000);
    const view = new DataView(bytes.buffer);
    const end = writeResult(view, 0, { type: "range", unit: 1, bytes: 0, crc32: 0, failure: FAILURE });
    view.setUint16(14, MAX_TEXT_BYTES + 1, true);
    assert(end < 5000);
    assertProtocolError("bad-result", () => readResult(view, 0, 5000));
  });

  it("are rejected with a number above 2^53 - 1", () => {
    const bytes = bytesOf({ type: "progress", bytes: 0 }).slice();
    const view = new DataView(bytes.buffer);
    putUint53(view, 1, 2 ** 53 - 1);
    readBytes(bytes);
    view.setBigUint64(1, 2n ** 53n, true);
    assertProtocolError("bad-result", () => readBytes(bytes));
  });
});
