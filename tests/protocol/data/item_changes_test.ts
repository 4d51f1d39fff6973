import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { CompareResult } from "../../../src/protocol/data/compare.ts";
import { changesOf, ItemChange, itemize, outcomeOf, resultOf } from "../../../src/protocol/data/item_changes.ts";
import { RecordType } from "../../../src/protocol/data/records.ts";

const { same, different, missing } = CompareResult;
const { file, directory, symlink, hardlink } = RecordType;
const { size, sameTarget, time, mode, user, group, kind } = ItemChange;

function item(type: number, result: number, changes = 0, options: { byContents?: boolean; keepsTimes?: boolean } = {}) {
  return itemize({ type, result, changes, byContents: false, keepsTimes: true, ...options });
}

describe("outcomes with differences", () => {
  it("round-trip, and unknown bits are found", () => {
    for (const result of [same, different]) {
      for (const changes of [0, size, size | time | mode | user | group | kind]) {
        const outcome = outcomeOf(result, changes);
        assertEquals([resultOf(outcome), changesOf(outcome)], [result, changes]);
      }
    }
    for (const outcome of [64 << 8, 2 ** 31, 2 ** 32 - 1]) assertEquals(changesOf(outcome), undefined);
  });
});

describe("itemized changes", () => {
  it("have the format of rsync", () => {
    assertEquals(item(file, missing), ">f+++++++++");
    assertEquals(item(file, different, kind), ">f+++++++++");
    assertEquals(item(file, different, size | time), ">f.st......");
    assertEquals(item(file, different, time, { byContents: true }), ">fc.t......");
    assertEquals(item(file, different, size | time, { keepsTimes: false }), ">f.sT......");
    assertEquals(item(file, same, mode | user | group), ".f...pog...");
    assertEquals(item(directory, missing), "cd+++++++++");
    assertEquals(item(directory, same, kind), "cd+++++++++");
    assertEquals(item(directory, same, time), ".d..t......");
    assertEquals(item(symlink, missing), "cL+++++++++");
    assertEquals(item(symlink, different, time), "cLc.t......");
    assertEquals(item(symlink, different, 0, { keepsTimes: false }), "cLc.T......");
    assertEquals(item(symlink, different, sameTarget | time | user), ".L..t.o....");
    assertEquals(item(hardlink, missing), "hf+++++++++");
    assertEquals(item(hardlink, different), "hf         ");
  });

  it("are undefined for an entry that stays as it is", () => {
    for (const type of [file, directory, symlink, hardlink]) assertEquals(item(type, same), undefined);
    assertEquals(item(symlink, same, time), undefined);
    assertEquals(item(symlink, different, sameTarget, { keepsTimes: false }), undefined);
  });
});
