import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { MAX_LINE_BYTES, MAX_NAME_BYTES } from "../../src/protocol/limits.ts";
import type { Message } from "../../src/protocol/control/messages.ts";
import { assertRoundTrip } from "../protocol/control/round_trip.ts";
import { batches } from "../../src/transfer/batches.ts";

const cut = (
  items: string[],
  alike?: (item: string, before: string) => boolean,
) => [...batches(items, (item) => JSON.stringify(item).length, alike)];

describe("batches", () => {
  it("yields all items in their order", () => {
    assertEquals(cut([]), []);
    for (const count of [1, 499, 500, 501, 1000, 1001]) {
      const items = Array.from({ length: count }, (_, index) => `${index}`);
      assertEquals(cut(items).flat(), items);
      assertEquals(cut(items).length, Math.ceil(count / 500));
    }
  });

  it("begins a batch for items that differ or are long", () => {
    assertEquals(cut(["a", "b", "B", "c"], (one, other) => (one < "a") === (other < "a")), [["a", "b"], ["B"], ["c"]]);
    const long = "x".repeat(100 << 10);
    assertEquals(cut([long, long, long, "y"]).map(({ length }) => length), [2, 2]);
    assertEquals(cut(["y", "x".repeat(300 << 10), "y"]).map(({ length }) => length), [1, 1, 1]);
  });

  it("makes messages that fit into a line for names and targets of any length", () => {
    const counts = { operands: 1_000_000, files: 2 ** 53 - 1, bytes: 2 ** 53 - 1, complete: false, last: false };
    for (const char of ["\udcff", "\x01", '"', "日", "x"]) {
      const name = char.repeat(Math.floor(MAX_NAME_BYTES / (char === "日" ? 3 : 1)));
      const source = { operand: 999_999, kind: "folder" as const, dev: 2 ** 53 - 1, inode: 2 ** 53 - 1, name };
      for (const target of [undefined, name.repeat(16)]) {
        const sources = Array.from({ length: 700 }, () => target === undefined ? source : { ...source, target });
        for (const batch of batches(sources, (each) => JSON.stringify(each).length)) {
          const message: Message = { type: "sources", sources: batch, host: "f".repeat(128), ...counts };
          const line = assertRoundTrip(message);
          assert(new TextEncoder().encode(line).length <= MAX_LINE_BYTES, `${line.length}`);
        }
      }
    }
  });
});
