import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { isAtLeast } from "../src/version_order.ts";

describe("isAtLeast", () => {
  it("compares major and minor number, and nothing that follows", () => {
    for (const release of ["6.7.0", "6.18.44-fc", "7.0.0-rc1"]) assertEquals(isAtLeast(release, [6, 7]), true, release);
    for (const release of ["6.6.99", "6.1.0-18-amd64", "5.15.0", ""]) {
      assertEquals(isAtLeast(release, [6, 7]), false, release);
    }
  });
});
