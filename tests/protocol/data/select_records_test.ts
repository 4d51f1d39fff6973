import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { RecordCursor, RecordType } from "../../../src/protocol/data/records.ts";
import { selectRecords } from "../../../src/protocol/data/select_records.ts";
import { record, type TestRecord } from "../record.ts";

const { enter, directory, file, symlink } = RecordType;
const PLAN: TestRecord[] = [
  { type: enter, name: "" },
  { type: file, name: "a" },
  { type: directory, name: "d" },
  { type: file, name: "b" },
  { type: symlink, name: "l", contents: "to" },
  { type: directory, name: "d/e" },
  { type: file, name: "c" },
];

function select(...wanted: number[]) {
  const pieces = PLAN.map(record);
  const plan = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    plan.set(piece, at);
    at += piece.length;
  }
  const chosen = selectRecords(plan, Uint8Array.from(wanted));
  const cursor = new RecordCursor(chosen.plan, 0, chosen.plan.length, { plan: true });
  const names: [number, string][] = [];
  while (cursor.next()) {
    names.push([cursor.type, new TextDecoder().decode(chosen.plan.subarray(cursor.nameStart, cursor.nameEnd))]);
  }
  return { records: chosen.records, names };
}

describe("selectRecords", () => {
  it("returns the whole plan if all records are selected", () => {
    assertEquals(select(1, 1, 1, 1, 1, 1), { records: 6, names: PLAN.map(({ type, name }) => [type, name]) });
  });

  it("enters a directory that is not selected only for selected records in it", () => {
    assertEquals(select(0, 0, 0, 1, 0, 0), { records: 1, names: [[enter, "d"], [symlink, "l"]] });
    assertEquals(select(1, 0, 0, 0, 0, 1), {
      records: 2,
      names: [[enter, ""], [file, "a"], [enter, "d/e"], [file, "c"]],
    });
  });

  it("keeps a selected directory, also without selected records in it", () => {
    assertEquals(select(0, 1, 0, 0, 0, 0), { records: 1, names: [[directory, "d"]] });
    assertEquals(select(0, 1, 1, 0, 0, 0), { records: 2, names: [[directory, "d"], [file, "b"]] });
  });

  it("returns an empty plan if no record is selected", () => {
    assertEquals(select(0, 0, 0, 0, 0, 0), { records: 0, names: [] });
  });
});
