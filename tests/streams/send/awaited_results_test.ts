import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { assertProtocolError } from "../../protocol/protocol_error.ts";
import { PACK_RECORDS } from "../../../src/protocol/limits.ts";
import type { Failure } from "../../../src/protocol/failure.ts";
import { AwaitedResults } from "../../../src/streams/send/awaited_results.ts";
import { beginPack } from "../../../src/streams/send/sent_pack.ts";
import type { SendReport } from "../../../src/streams/report.ts";

/** A unit of many files, all of which were sent. */
function sentPack(unit: number) {
  const sent = beginPack({ type: "pack", unit, attempt: 0, plan: new Uint8Array(), records: PACK_RECORDS });
  sent.sent = PACK_RECORDS;
  sent.complete = true;
  return sent;
}

const lengthOf = ({ code, path, message, hint }: Failure) => code.length + path.length + message.length + hint.length;

describe("AwaitedResults", () => {
  it("keeps every failure, and limits the length of all their texts", () => {
    const reports: SendReport[] = [];
    const awaited = new AwaitedResults((report) => reports.push(report));
    const text = "x".repeat(2_048);
    const failure = { code: "", path: text, message: text, hint: text };
    const units = Array.from({ length: 16 }, (_, unit) => awaited.add(sentPack(unit)));
    for (const { unit } of units) {
      // The last file has no result yet, so all texts are kept.
      awaited.pack({ type: "pack", unit, outcomes: Array(PACK_RECORDS - 1).fill(failure) });
    }
    assertEquals(reports, []);
    for (const { unit } of units) awaited.pack({ type: "pack", unit, outcomes: [failure] });
    const refused = reports.flatMap((report) => report.type === "pack" ? report.refused : []);
    assertEquals(refused.length, 16 * PACK_RECORDS);
    const kept = refused.reduce((sum, each) => sum + lengthOf(each), 0);
    assert(kept < 12 << 20, `${kept} characters are kept`);
    assertEquals(refused[0], failure);
    assert(refused.some(({ message }) => message.endsWith("(and 1,821 more characters)")));
  });

  it("keeps full texts again after earlier units are reported", () => {
    const reports: SendReport[] = [];
    const awaited = new AwaitedResults((report) => reports.push(report));
    const text = "x".repeat(2_000);
    const failure = { code: "", path: text, message: text, hint: text };
    for (let unit = 0; unit < 20; unit++) {
      awaited.add(sentPack(unit));
      awaited.pack({ type: "pack", unit, outcomes: Array(PACK_RECORDS).fill(failure) });
    }
    assertEquals(
      reports.every((report) => report.type === "pack" && report.refused.every((each) => each === failure)),
      true,
    );
  });

  it("rejects a signature that was not requested, or has not all digests of its request", () => {
    const reports: SendReport[] = [];
    const awaited = new AwaitedResults((report) => reports.push(report));
    const add = (unit: number) => {
      const ranges = [{ start: 0, end: 8193 }];
      awaited.addSignature({ type: "signature", unit, attempt: 0, file: 0, blockBytes: 8192, ranges });
    };
    [1, 2].forEach(add);
    for (const [unit, length] of [[3, 40], [1, 0], [1, 20], [1, 39], [1, 41]]) {
      const digests = new Uint8Array(length);
      assertProtocolError("bad-result", () => awaited.signature({ type: "signature", unit, digests }));
    }
    const digests = new Uint8Array(40);
    awaited.signature({ type: "signature", unit: 1, digests });
    awaited.signature({ type: "signature", unit: 2 });
    const [whole, none] = [1, 2].map((unit) => ({ type: "signature" as const, unit }));
    assertEquals(reports, [{ ...whole, digests }, { ...none, digests: undefined }]);
  });
});
