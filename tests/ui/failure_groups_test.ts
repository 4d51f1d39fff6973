import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FailureGroups } from "../../src/ui/failure_groups.ts";

/** Adds failures, and returns the number that is printed. */
function addAll(groups: FailureGroups, paths: readonly string[], reason = "No space left on device"): number {
  return paths.filter((path) => groups.add(`Cannot write "${path}": ${reason}`)).length;
}

const files = (directory: string, count: number) => Array.from({ length: count }, (_, file) => `${directory}${file}`);

describe("FailureGroups", () => {
  it("prints ten failures per reason", () => {
    const groups = new FailureGroups();
    assertEquals([addAll(groups, files("", 10)), groups.takeHidden()], [10, []]);
    assertEquals(addAll(groups, files("a/", 12)), 10);
    assertEquals(addAll(groups, files("a/", 12), "File exists"), 10);
    assertEquals(groups.takeHidden(), [
      '...and 2 more in "a/": No space left on device',
      '...and 2 more in "a/": File exists',
    ]);
    assertEquals(groups.takeHidden(), []);
  });

  it("names the host and escapes of a message as they are, and no directory without a slash", () => {
    const groups = new FailureGroups();
    addAll(groups, files("", 11));
    addAll(groups, ['web1:/d\\"/x']);
    assertEquals(groups.takeHidden(), [
      "...and 1 more: No space left on device",
      '...and 1 more in "web1:/d\\"/": No space left on device',
    ]);
  });

  it("recognizes directories of Windows on this machine, and not on a host", () => {
    for (const [host, place] of [["", ' in "C:\\t\\"'], ["web1", ""]]) {
      const groups = new FailureGroups("windows");
      for (let file = 0; file < 11; file++) groups.add(`Cannot read "C:\\t\\${file}": Permission denied`, host);
      assertEquals(groups.takeHidden(), [`...and 1 more${place}: Permission denied`]);
    }
  });

  it("lists the ten directories with the most failures", () => {
    const groups = new FailureGroups();
    addAll(groups, files("", 10));
    for (let directory = 0; directory < 13; directory++) addAll(groups, files(`${directory}/`, directory + 1));
    const lines = groups.takeHidden();
    assertEquals([lines.length, lines[0], lines.at(-1)], [
      11,
      '...and 13 more in "12/": No space left on device',
      "...and 6 more in 3 other directories: No space left on device",
    ]);
  });

  it("prints a repeated failure once, and groups all operations", () => {
    const groups = new FailureGroups();
    const message = 'Cannot create "d": Permission denied';
    assertEquals([groups.add(message), groups.add(message), groups.add(message, "web1")], [true, false, true]);
    for (const operation of ["read", "write"]) {
      for (const path of files("d/", 5)) groups.add(`Cannot ${operation} "${path}": Permission denied`);
    }
    assertEquals(groups.takeHidden(), ['...and 2 more in "d/": Permission denied']);
  });

  it("groups messages without a path", () => {
    const groups = new FailureGroups();
    assertEquals(groups.add("Cannot reach h"), true);
    assertEquals(groups.add("Cannot reach h"), false);
    assertEquals(groups.takeHidden(), []);
  });

  it("limits the reasons and directories that it remembers", () => {
    const groups = new FailureGroups();
    for (let reason = 0; reason < 1_000; reason++) addAll(groups, ["x"], `${reason}`);
    assertEquals(groups.takeHidden().length, 1);
    addAll(groups, files("", 10));
    addAll(groups, files("", 12_000).map((path) => `${path}/x`));
    assertEquals(groups.takeHidden().at(-1), "...and 11990 more in other directories: No space left on device");
  });
});
