import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FEATURES } from "../../src/protocol/hello.ts";
import type { CopyRequest } from "../../src/transfer/copy_request.ts";
import { missingFeatures } from "../../src/transfer/needed_features.ts";

const PLAIN = { compress: false, sparse: false } as CopyRequest;
const ALL = { ...PLAIN, compress: true, sparse: true };

describe("missingFeatures", () => {
  it("says nothing where nothing is missing", () => {
    assertEquals([missingFeatures(PLAIN, [], "host"), missingFeatures(ALL, FEATURES, "host")], [[], []]);
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
