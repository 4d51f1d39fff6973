import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { libraryOptions } from "../../scripts/library_options.ts";
import { takesValue } from "../../src/cli/options/flag.ts";
import { UsageError } from "../../src/errors.ts";
import {
  CLEAN_FLAGS,
  CONNECTION_FLAGS,
  COPY_FLAGS,
  DOCTOR_FLAGS,
  libraryName,
  optionFlags,
} from "../../src/library/option_flags.ts";

const read = (options: object) => optionFlags(options, COPY_FLAGS);

describe("the options of the library", () => {
  it("have types that are up to date with the table of options", async () => {
    const text = await Deno.readTextFile(new URL("../../src/library/options.ts", import.meta.url));
    assertEquals(libraryOptions(), text, 'Run "deno task docs" to update src/library/options.ts');
  });

  it("are those of the command line, with their names in camel case", () => {
    assertEquals(
      read({ recursive: true, preserve: false, streams: 3, sshOption: ["A=b"], limit: "80mbit", keepDirlinks: true }),
      {
        recursive: true,
        preserve: false,
        streams: 3,
        "ssh-option": ["A=b"],
        limit: 80_000,
        "keep-dirlinks": true,
      },
    );
    assertEquals(optionFlags({ olderThan: 90, dryRun: true }, CLEAN_FLAGS)["older-than"], "90s");
    assertEquals(optionFlags({ olderThan: 0 }, CLEAN_FLAGS)["older-than"], "0");
    assertEquals(optionFlags({ olderThan: "2h" }, CLEAN_FLAGS)["older-than"], "2h");
    assertEquals(read({ blocksize: 65536, limit: 8 }), { blocksize: 65536, limit: 8 });
    assertEquals(read({ recursive: undefined, signal: undefined, interactive: true }), {});
  });

  it("have no names that occur twice", () => {
    for (const flags of [COPY_FLAGS, CLEAN_FLAGS, DOCTOR_FLAGS]) {
      const names = [...CONNECTION_FLAGS, ...flags].map(libraryName);
      assertEquals(names, [...new Set(names)]);
    }
  });

  it("put rules before included files, and these before excluded files", () => {
    const rule = { action: "exclude", pattern: "a" } as const;
    assertEquals(read({ exclude: ["b"], excludeRegex: ["c"], include: ["d", "e"], rules: [rule] }).rules, [
      { action: "exclude", kind: "glob", pattern: "a" },
      { action: "include", kind: "glob", pattern: "d" },
      { action: "include", kind: "glob", pattern: "e" },
      { action: "exclude", kind: "glob", pattern: "b" },
      { action: "exclude", kind: "regex", pattern: "c" },
    ]);
  });

  for (
    const [options, message] of [
      [{ recusive: true }, 'Unknown option "recusive": did you mean "recursive"?'],
      [{ "dry-run": true }, 'Unknown option "dry-run"'],
      [{ quiet: true }, 'Unknown option "quiet"'],
      [{ help: true }, 'Unknown option "help"'],
      [{ recursive: "yes" }, 'Option "recursive" must be a boolean, not "yes"'],
      [{ interactive: 1 }, 'Option "interactive" must be a boolean, not 1'],
      [{ streams: 65 }, 'Option "streams" must be a number from 1 to 64, not "65"'],
      [{ streams: 1.5 }, 'Option "streams" must be a number from 1 to 64, not "1.5"'],
      [{ streams: "4" }, 'Option "streams" must be a number, not "4"'],
      [{ blocksize: -1 }, 'Option "blocksize" must be a size from 64K to 16M, not "-1"'],
      [{ limit: NaN }, 'Option "limit" must be a rate'],
      [{ cipher: "rot13" }, 'Option "cipher" must be aes-128-gcm or aes-256-gcm, not "rot13"'],
      [{ jump: 7 }, 'Option "jump" must be a string, not 7'],
      [{ jump: "a\0b" }, 'Option "jump" must not contain a NUL character'],
      [{ identity: "key" }, 'Option "identity" must be a list of strings, not "key"'],
      [{ identity: ["key", null] }, 'Option "identity" must be a string, not null'],
      [{ exclude: ["a\0"] }, 'Option "exclude" must not contain a NUL character'],
      [{ rules: "x" }, 'Option "rules" must be a list of rules, not "x"'],
      [{ rules: [{ action: "delete", pattern: "x" }] }, 'Option "rules" has an invalid rule'],
      [{ rules: [null] }, 'Option "rules" has an invalid rule'],
    ] as const
  ) {
    it(`refuse ${Deno.inspect(options)}`, () => {
      assertThrows(() => read(options), UsageError, message);
    });
  }

  for (const flag of [...CONNECTION_FLAGS, ...COPY_FLAGS]) {
    it(`refuse an object for ${libraryName(flag)}`, () => {
      const expected = takesValue(flag) ? flag.kind === "list" ? "a list" : /string|number/ : "a boolean";
      const error = assertThrows(() => read({ [libraryName(flag)]: {} }), UsageError);
      assertEquals(
        new RegExp(`must be (a )?${expected instanceof RegExp ? expected.source : expected}`).test(error.message),
        true,
      );
    });
  }
});
