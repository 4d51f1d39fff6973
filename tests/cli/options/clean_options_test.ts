import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UsageError } from "../../../src/errors.ts";
import type { CleanOptions } from "../../../src/cli/options/clean_options.ts";
import { optionsOf } from "./command_lines.ts";

const clean = (...args: string[]): CleanOptions => optionsOf("clean", "--clean", ...args);

describe("--clean", () => {
  it("groups directories by machine", () => {
    const { places } = clean("a", "host:", "me@host:b", "c", "host:d", "scp://host:22/e");
    assertEquals(places.map(({ host, directories }) => [host && `${host.user ?? ""}@${host.host}`, directories]), [
      [undefined, ["a", "c"]],
      ["@host", ["", "d"]],
      ["me@host", ["b"]],
      ["@host", ["e"]],
    ]);
  });

  it("removes leftovers from an age of one day by default", () => {
    assertEquals(clean("a").olderThanMs, 86_400_000);
    const ages = { "0": 0, "90s": 90, "30m": 1800, "12h": 43_200, "7d": 604_800, "2w": 1_209_600, "0d": 0 };
    for (const [age, seconds] of Object.entries(ages)) {
      assertEquals(clean("--older-than", age, "a").olderThanMs, seconds * 1000, age);
    }
  });

  it("refuses invalid ages", () => {
    for (
      const age of ["", "5", "1.5h", "-1d", "d", "7 d", "7D", "1y", "1d1h", "99999999w", "0x1d", "١d", "2026-11-01"]
    ) {
      assertThrows(() => clean(`--older-than=${age}`, "a"), UsageError, "must be an age such as 30m, 12h, 7d or 2w");
    }
  });

  it("cleans by the records of this machine without operands", () => {
    assertEquals(clean("--older-than", "7d").places.map(({ host, directories }) => [host, directories]), [[undefined, [
      "",
    ]]]);
  });

  it("refuses options for other tasks", () => {
    assertThrows(() => clean("--install", "a"), UsageError, '"--clean" and "--install" exclude each other');
    assertThrows(() => clean("--filelist", "x", "a"), UsageError, '"--filelist" exclude each other');
    assertThrows(() => clean("--manifest", "x", "a"), UsageError, '"--manifest" exclude each other');
    assertThrows(() => clean("--newer-than", "7d", "a"), UsageError, '"--newer-than" exclude each other');
  });

  it("takes the options of a copy for output, and -n", () => {
    const { dryRun, output: { quiet, json, verbose, log } } = clean("-nqv", "--json", "--log", "l", "a");
    assertEquals({ dryRun, quiet, json, verbose, log }, {
      dryRun: true,
      quiet: true,
      json: true,
      verbose: 1,
      log: "l",
    });
  });
});
