import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { MAX_PIECES_BYTES, MIN_RESUMED_BYTES } from "../../../src/protocol/limits.ts";
import { PiecePolicy } from "../../../src/transfer/send/piece_policy.ts";

const MIB = 1 << 20;

describe("PiecePolicy", () => {
  it("limits files to what one stream sends within a second", () => {
    let now = 5_000;
    const policy = new PiecePolicy(() => now);
    policy.start();
    now += 2_000;
    policy.start();
    assertEquals(policy.limit({ confirmed: 80 * MIB, streams: 4 }), 10 * MIB);
    assertEquals(policy.limit({ confirmed: 80 * MIB, streams: 1 }), 40 * MIB);
    now += 2_000;
    assertEquals(policy.limit({ confirmed: 80 * MIB, streams: 2 }), 10 * MIB);
  });

  it("allows only files that are never resumed on a slow link, and until the rate is known", () => {
    let now = 0;
    const policy = new PiecePolicy(() => now);
    const small = MIN_RESUMED_BYTES - 1;
    assertEquals(policy.limit({ confirmed: 0, streams: 1 }), small);
    policy.start();
    assertEquals(policy.limit({ confirmed: 1e9, streams: 1 }), small);
    now += 1_000;
    assertEquals(policy.limit({ confirmed: 0, streams: 1 }), small);
    assertEquals(policy.limit({ confirmed: 3 * MIB, streams: 1 }), small);
  });

  it("never exceeds the limit of the protocol", () => {
    let now = 0;
    const policy = new PiecePolicy(() => now);
    policy.start();
    now += 1;
    assertEquals(policy.limit({ confirmed: 1e9, streams: 4 }), MAX_PIECES_BYTES);
  });
});
