import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { parseTestArgs } from "../../../scripts/test/args.ts";

describe("parseTestArgs", () => {
  it("separates paths and own options from options of deno test", () => {
    const args = [
      "tests/a",
      "--jobs=3",
      "--filter=x",
      "--from-source",
      "tests/b_test.ts",
      "--fail-fast",
      "--failures=f",
    ];
    assertEquals(parseTestArgs(args), {
      paths: ["tests/a", "tests/b_test.ts"],
      jobs: 3,
      fromSource: true,
      failures: "f",
      flags: ["--filter=x", "--fail-fast"],
    });
    assertEquals(parseTestArgs([]), {
      paths: [],
      jobs: navigator.hardwareConcurrency + 2,
      fromSource: false,
      failures: undefined,
      flags: [],
    });
  });

  it("passes joined letters on once", () => {
    assertEquals(parseTestArgs(["-abc", "--trace-leaks"]).flags, ["-abc", "--trace-leaks"]);
  });
});
