import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { MAX_PIECES_BYTES, MIN_RESUMED_BYTES } from "../../../src/protocol/limits.ts";
import { PiecePolicy } from "../../../src/transfer/send/piece_policy.ts";

const MIB = 1 << 20;
const SMALL = MIN_RESUMED_BYTES - 1;

describe("PiecePolicy", () => {
  let now = 5_000;
  const started = () => {
    const policy = new PiecePolicy(() => now);
    policy.start();
    return policy;
  };

  it("limits files to what one stream sends within a second", () => {
    const policy = started();
    now += 2_000;
    policy.start();
    policy.sent(80 * MIB);
    assertEquals(policy.limit(4), 10 * MIB);
    assertEquals(policy.limit(1), 40 * MIB);
  });

  it("follows the rate, and ignores older measurements", () => {
    const policy = started();
    now += 1_000;
    policy.sent(80 * MIB);
    for (let part = 0; part < 4; part++) {
      now += 250;
      policy.sent(2 * MIB);
    }
    assertEquals(policy.limit(1), 8 * MIB);
    now += 3_600_000;
    policy.sent(0);
    assertEquals(policy.limit(1), SMALL);
  });

  it("allows only files that are never resumed on a slow link, and until the rate is known", () => {
    const policy = new PiecePolicy(() => now);
    assertEquals(policy.limit(1), SMALL);
    policy.start();
    policy.sent(1e9);
    assertEquals(policy.limit(1), SMALL);
    const slow = started();
    now += 1_000;
    assertEquals(slow.limit(1), SMALL);
    slow.sent(3 * MIB);
    assertEquals(slow.limit(1), SMALL);
  });

  it("uses the first measurement before it is complete, up to the limit of the protocol", () => {
    const policy = started();
    now += 100;
    policy.sent(2 * MIB);
    assertEquals(policy.limit(2), 10 * MIB);
    policy.sent(1e9);
    assertEquals(policy.limit(2), MAX_PIECES_BYTES);
  });
});
