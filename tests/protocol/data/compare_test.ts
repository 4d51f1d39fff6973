import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  COMPARE_HEADER_BYTES,
  ComparePhase,
  comparisonOf,
  DIGEST_ENTRY_BYTES,
  readCompareHeader,
  readDigest,
  writeCompareHeader,
  writeDigest,
} from "../../../src/protocol/data/compare.ts";
import { assertProtocolError } from "../protocol_error.ts";

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Header of a request with 64 bytes of records and one digest, as in WIRE_FORMAT.md. */
const HEADER = "44332211" + "01000000" + "01000000" + "40000000" + "00".repeat(36);
const DIGEST = "0000000200000000" + "0100000200000000" + "ab".repeat(32);

describe("compare request", () => {
  it("has the documented layout", () => {
    const bytes = new Uint8Array(COMPARE_HEADER_BYTES + 64 + DIGEST_ENTRY_BYTES).fill(0xff);
    const view = viewOf(bytes);
    const header = { unit: 0x11223344, attempt: 1, phase: ComparePhase.digest, recordsBytes: 64 };
    const digest = { start: 32 << 20, end: (32 << 20) + 1, digest: new Uint8Array(32).fill(0xab) };
    writeCompareHeader(view, 0, header);
    writeDigest(bytes, view, COMPARE_HEADER_BYTES + 64, digest);
    assertEquals(bytes.toHex(), HEADER + "ff".repeat(64) + DIGEST);
    assertEquals(readCompareHeader(view, 0, bytes.length), header);
    assertEquals(readDigest(bytes, view, COMPARE_HEADER_BYTES + 64, 2 ** 40), digest);
  });

  it("marks verification in its phase, and has the flag last only then", () => {
    const bytes = new Uint8Array(COMPARE_HEADER_BYTES);
    for (const phase of Object.values(ComparePhase)) {
      const header = { unit: 1, attempt: 0, phase, verify: true, recordsBytes: 0 };
      writeCompareHeader(viewOf(bytes), 0, header);
      assertEquals([bytes[8], readCompareHeader(viewOf(bytes), 0, bytes.length)], [phase + 4, header]);
      writeCompareHeader(viewOf(bytes), 0, { ...header, last: true });
      assertEquals([bytes[16], readCompareHeader(viewOf(bytes), 0, bytes.length).last], [1, true]);
      // Only a verified file may lose its name.
      viewOf(bytes).setUint32(8, phase, true);
      assertEquals(readCompareHeader(viewOf(bytes), 0, bytes.length).last, undefined);
    }
    for (const phase of [3, 7, 8, 2 ** 32 - 1]) {
      viewOf(bytes).setUint32(8, phase, true);
      assertProtocolError("bad-record", () => readCompareHeader(viewOf(bytes), 0, bytes.length));
    }
  });

  it("is rejected if truncated at any byte, or followed by other bytes", () => {
    const whole = Uint8Array.fromHex(HEADER + "00".repeat(64) + DIGEST);
    for (let end = 0; end < whole.length; end++) {
      // Complete without a digest: the reader of the records requires it.
      if (end === COMPARE_HEADER_BYTES + 64) continue;
      assertProtocolError("bad-record", () => readCompareHeader(viewOf(whole), 0, end));
    }
    for (const phase of [ComparePhase.stat, ComparePhase.finalize]) {
      const bytes = Uint8Array.fromHex(HEADER + "00".repeat(64) + DIGEST);
      viewOf(bytes).setUint32(8, phase, true);
      readCompareHeader(viewOf(bytes), 0, COMPARE_HEADER_BYTES + 64);
      assertProtocolError("bad-record", () => readCompareHeader(viewOf(bytes), 0, bytes.length));
    }
  });

  it("is rejected with an unknown phase, or with a range outside its file", () => {
    const bytes = Uint8Array.fromHex(HEADER);
    viewOf(bytes).setUint32(8, 3, true);
    viewOf(bytes).setUint32(12, 0, true);
    assertProtocolError("bad-record", () => readCompareHeader(viewOf(bytes), 0, bytes.length));
    const digest = Uint8Array.fromHex(DIGEST);
    readDigest(digest, viewOf(digest), 0, (32 << 20) + 1);
    assertProtocolError("bad-record", () => readDigest(digest, viewOf(digest), 0, 32 << 20));
    const backwards = Uint8Array.fromHex("02".padEnd(16, "0") + "01".padEnd(16, "0") + "00".repeat(32));
    assertProtocolError("bad-record", () => readDigest(backwards, viewOf(backwards), 0, 9));
  });

  it("is sent in a job with update, dryRun, skipExisting or onlyExisting", () => {
    const [skipExisting, onlyExisting] = [true, true];
    assertEquals(comparisonOf({ skipExisting }), { by: "nothing", dryRun: false, skipExisting });
    assertEquals(comparisonOf({ onlyExisting, update: "times" }), { by: "times", dryRun: false, onlyExisting });
    assertEquals(comparisonOf({}), undefined);
    assertEquals(comparisonOf({ dryRun: false }), undefined);
    assertEquals(comparisonOf({ update: "times" }), { by: "times", dryRun: false });
    assertEquals(comparisonOf({ update: "contents", dryRun: true }), { by: "contents", dryRun: true });
    assertEquals(comparisonOf({ dryRun: true }), { by: "nothing", dryRun: true });
  });
});
