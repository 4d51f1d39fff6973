import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UserError } from "../../src/errors.ts";
import { FEATURES } from "../../src/protocol/hello.ts";
import type { CopyRequest } from "../../src/transfer/copy_request.ts";
import { missingFeatures } from "../../src/transfer/needed_features.ts";

const PLAIN = { compress: false, sparse: false } as CopyRequest;
const ALL = { ...PLAIN, compress: true, sparse: true };

describe("missingFeatures", () => {
  it("says nothing where nothing is missing", () => {
    assertEquals([missingFeatures(PLAIN, [], "host"), missingFeatures(ALL, FEATURES, "host")], [[], []]);
  });

  it("refuses what would be another copy than the one that is wanted", () => {
    const dummy = { ...PLAIN, dummy: "both" as const };
    assertMatch(assertThrows(() => missingFeatures(dummy, ["sparse"], "host"), UserError).message, /host.*not know/);
    assertEquals(missingFeatures(dummy, FEATURES, "host"), []);
  });

  it("says what an older other end leaves out", () => {
    for (const option of ["compress", "sparse"] as const) {
      const [message, ...more] = missingFeatures({ ...PLAIN, [option]: true }, [], "host");
      assertMatch(message, new RegExp(`host .*${option}`));
      assertEquals(more, []);
    }
    assertEquals(missingFeatures(ALL, ["sparse"], "host").length, 1);
  });
});
