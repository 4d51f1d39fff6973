import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { parseModeChanges } from "../../../src/cli/options/values/chmod.ts";
import { changedMode, enforcedMode, type ModeChange } from "../../../src/protocol/control/mode_changes.ts";
import { RandomBytes } from "../../support/files/random_bytes.ts";

const MODES = 0o10000;
const LISTS = 300;

/** Returns an item of `--chmod`. */
function randomItem(random: RandomBytes): string {
  const choose = (letters: string, most: number) =>
    Array.from({ length: random.below(most + 1) }, () => letters[random.below(letters.length)]).join("");
  const kind = choose("DF", 1);
  if (random.below(4) === 0) return kind + random.below(MODES).toString(8);
  return kind + choose("ugoa", 3) + "-+="[random.below(3)] + choose("rwxXst", 4);
}

/** Returns a change with any masks, as a peer may request it. */
function randomChange(random: RandomBytes): ModeChange {
  const of = (["files", "directories", "all"] as const)[random.below(3)];
  return { of, keep: random.below(MODES), set: random.below(MODES), setIfExecutable: random.below(MODES) };
}

/** Returns the enforced modes of a file and of a directory, in octal. */
function enforced(text: string, mode: number): string[] {
  const changes = parseModeChanges([text], 0);
  return [false, true].map((isDirectory) => enforcedMode(mode, isDirectory, changes).toString(8));
}

describe("enforcedMode", () => {
  it("keeps every mode that a sender has changed", () => {
    const random = new RandomBytes("chmod");
    for (let list = 0; list < LISTS; list++) {
      const text = Array.from({ length: 1 + random.below(5) }, () => randomItem(random)).join(",");
      const any = Array.from({ length: random.below(5) }, () => randomChange(random));
      for (const changes of [parseModeChanges([text], random.below(0o1000)), any]) {
        for (const isDirectory of [false, true]) {
          for (let mode = 0; mode < MODES; mode++) {
            const announced = changedMode(mode, isDirectory, changes);
            if (enforcedMode(announced, isDirectory, changes) === announced) continue;
            throw new Error(`${mode.toString(8)} of ${isDirectory ? "D" : "F"}: ${JSON.stringify(changes)} (${text})`);
          }
        }
      }
    }
  });

  it("forces other modes into the changes", () => {
    assertEquals(enforced("Du=rwx,Dgo=,Fu=rw,Fgo=,u-s", 0o4777), ["600", "700"]);
    assertEquals(enforced("Du=rwx,Dgo=,Fu=rw,Fgo=,a-st", 0o7777), ["600", "700"]);
    assertEquals(enforced("D2750,640", 0o7777), ["640", "640"]);
    assertEquals(enforced("go-w,u+r", 0o022), ["400", "400"]);
  });

  it("keeps X of files as announced, within the other changes", () => {
    assertEquals(enforced("a=rX", 0o6777), ["6555", "6555"]);
    assertEquals(enforced("a=rX", 0o200), ["444", "555"]);
    assertEquals(enforced("g+X,u+x", 0o100), ["100", "110"]);
    assertEquals(enforced("u+x,a+X", 0), ["100", "111"]);
    assertEquals(enforced("a+X,go-x", 0o777), ["766", "766"]);
  });
});
