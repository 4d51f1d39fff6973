import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { splitOperand } from "../../../../src/transfer/send/sources/split_operand.ts";

describe("an operand of --relative", () => {
  it("is split at its first mark, or at its root", () => {
    const cases: Record<string, [directory: string, path: string]> = {
      "a/b": ["", "a/b"],
      "/a/b": ["/", "a/b"],
      "//a": ["/", "a"],
      "a/./b/c": ["a", "b/c"],
      "/a/b/./c": ["/a/b", "c"],
      "/./a": ["/", "a"],
      "./a": ["", "./a"],
      "./a/./b": ["./a", "b"],
      "a/./b/./c": ["a", "b/./c"],
      "a/./": ["a", ""],
      "a/.": ["", "a/."],
      ".": ["", "."],
      "": ["", ""],
      "/": ["/", ""],
    };
    for (const [text, [directory, path]] of Object.entries(cases)) {
      assertEquals(splitOperand(text, "posix"), { directory, path }, text);
    }
  });

  it("may have a drive and backslashes on Windows", () => {
    assertEquals(splitOperand("C:\\a\\b", "windows"), { directory: "C:/", path: "a/b" });
    assertEquals(splitOperand("C:a\\b", "windows"), { directory: "C:", path: "a/b" });
    assertEquals(splitOperand("C:\\a\\.\\b", "windows"), { directory: "C:/a", path: "b" });
    assertEquals(splitOperand("\\\\server\\share\\a", "windows"), { directory: "//server/share/", path: "a" });
    assertEquals(splitOperand("C:\\a", "posix"), { directory: "", path: "C:\\a" });
  });
});
