import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { failedCall, failedDeno, failedWith } from "../../../src/files/stat/file_failure.ts";
import { errnoName } from "../../../src/native/libc/errno.ts";

const STATES = {
  ENOSPC: "No space left on device",
  EDQUOT: "Disk quota exceeded",
  EROFS: "Read-only file system",
  EIO: "Input/output error",
  ENAMETOOLONG: "File name too long",
  EACCES: "Permission denied",
};

describe("a failed write", () => {
  for (const [code, state] of Object.entries(STATES)) {
    it(`has the message of ${code} and a hint`, { ignore: Deno.build.os !== "linux" }, () => {
      const errno = Array.from({ length: 200 }, (_, number) => number).find((number) => errnoName(number) === code)!;
      const thrown = Object.assign(new Error("some words of its own"), { code });
      const failures = [
        failedCall("write", "/a", errno),
        failedWith("write", "/a", code),
        failedDeno("write", "/a", thrown),
        failedDeno("write", "/a", new Error(`some words of its own (os error ${errno})`)),
      ];
      for (const { message, hint, code: told } of failures) {
        assertEquals([message, told], [`Cannot write "/a": ${state}`, code]);
        assertMatch(hint!, /\w/);
      }
    });
  }
});
