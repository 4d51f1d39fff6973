import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { olderVersions } from "../../src/bootstrap/older_versions.ts";

describe("olderVersions", () => {
  it("compares numbers, and omits newer versions and other text", () => {
    const found = ["0.9.9", "1.2.3", "1.10.0", "1.2.2", "1.2.10", "2.0.0", "1.2", "x", "../1.0.0", "1.0.0 2.0.0", ""];
    assertEquals(olderVersions(found, "1.2.3"), ["0.9.9", "1.2.2"]);
    assertEquals(olderVersions(["1.2.3"], "1.10.0"), ["1.2.3"]);
    assertEquals(olderVersions(["1.0.0"], "development"), []);
  });
});
