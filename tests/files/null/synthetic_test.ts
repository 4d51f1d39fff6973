import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { createNullEngine } from "../../../src/files/null/engine.ts";
import type { WalkItem } from "../../../src/files/engine/source.ts";
import { SYNTHETIC_ROOTS, SyntheticWalk } from "../../../src/files/null/synthetic.ts";
import { createPortableEngine } from "../../../src/files/portable/engine.ts";
import { PACK_BYTES } from "../../../src/protocol/limits.ts";
import { RecordCursor } from "../../../src/protocol/data/records.ts";

type Pack = Extract<WalkItem, { type: "pack" }>;

/** Returns all packs; the clock advances by one millisecond per pack. */
function walk(ms: number): Pack[] {
  const clock = { now: 0 };
  const walk = new SyntheticWalk({ files: 300, ms, now: () => clock.now });
  const packs: Pack[] = [];
  for (let item = walk.next(); item; item = walk.next()) {
    packs.push(item as Pack);
    clock.now++;
  }
  assertEquals(walk.next(), undefined);
  return packs;
}

describe("SyntheticWalk", () => {
  it("starts with the requested files, and ends when the time is over", () => {
    const packs = walk(10);
    assertEquals(packs[0].files, 300);
    assertEquals(packs.length, 1 + 10);
    assertEquals(walk(0).length, 1);
  });

  it("returns growing packs, up to the limit of a pack", () => {
    const sizes = walk(1000).map(({ bytes }) => bytes);
    let sum = sizes[0];
    for (const bytes of sizes.slice(1)) {
      assert(bytes <= Math.max(64 << 10, sum / 16), `${bytes} behind ${sum}`);
      sum += bytes;
    }
    assertEquals(sizes.at(-1), PACK_BYTES);
  });

  it("announces the contents that the null engine generates", () => {
    const reader = createNullEngine(createPortableEngine()).sourceReader([...SYNTHETIC_ROOTS]);
    const buffer = new Uint8Array(2 << 20);
    for (const { plan, bytes, files } of walk(200)) {
      const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
      let [sum, count] = [0, 0];
      assert(cursor.next());
      reader.enter(cursor.root, plan, cursor.nameStart, cursor.nameEnd);
      while (cursor.next()) {
        sum += reader.readWhole(plan, cursor.nameStart, cursor.nameEnd, buffer, 0, buffer.length);
        count++;
      }
      assertEquals([sum, count], [bytes, files]);
    }
  });
});
