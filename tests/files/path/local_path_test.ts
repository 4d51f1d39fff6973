import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  baseName,
  directoryOf,
  hasTrailingSlash,
  isAbsolutePath,
  joinPath,
  pathOfFileUrl,
  type PathStyle,
  resolvePath,
  withoutTrailingSlashes,
} from "../../../src/files/path/local_path.ts";

const STYLES: PathStyle[] = ["posix", "windows"];

describe("local paths", () => {
  it("join and split", () => {
    for (const style of STYLES) {
      assertEquals(joinPath("/", "a", style), "/a");
      assertEquals(joinPath("a", "b/c", style), "a/b/c");
      assertEquals(joinPath("", "a", style), "a");
      assertEquals(joinPath("a", "", style), "a");
      const directories = ["/a/b/", "/a", "a", "/", "//", "", "a/b", "./a", "../"].map((path) =>
        directoryOf(path, style)
      );
      assertEquals(directories, ["/a", "/", ".", "/", "/", ".", "a", ".", "."]);
      const names = ["/a/b/", "a", "/", "//", "", "a//", ".."].map((path) => baseName(path, style));
      assertEquals(names, ["b", "a", "", "", "", "a", ".."]);
    }
  });

  it("contain backslashes in names, except on Windows", () => {
    assertEquals([baseName("a\\b", "posix"), baseName("a\\b", "windows")], ["a\\b", "b"]);
    assertEquals([directoryOf("a\\b", "posix"), directoryOf("a\\b", "windows")], [".", "a"]);
    assertEquals([joinPath("a\\", "b", "posix"), joinPath("a\\", "b", "windows")], ["a\\/b", "a\\b"]);
    assertEquals([hasTrailingSlash("a\\", "posix"), hasTrailingSlash("a\\", "windows")], [false, true]);
  });

  it("have roots on Windows, without a directory above them", () => {
    const roots = [
      "C:\\",
      "C:/",
      "C:",
      "\\",
      "\\\\server\\share",
      "//server/share/",
      "\\\\?\\C:\\",
      "\\\\?\\UNC\\s\\h\\",
    ];
    for (const root of roots) {
      assertEquals(directoryOf(root, "windows"), root, root);
      assertEquals(baseName(root, "windows"), "", root);
      assertEquals(withoutTrailingSlashes(root, "windows"), root, root);
      const below = joinPath(root, "a", "windows");
      assertEquals(baseName(below, "windows"), "a", below);
    }
    assertEquals(directoryOf("C:\\a", "windows"), "C:\\");
    assertEquals(directoryOf("C:a", "windows"), "C:");
    assertEquals(directoryOf("\\\\server\\share\\a\\b\\", "windows"), "\\\\server\\share\\a");
  });

  it("are absolute or relative", () => {
    const absolute = (style: PathStyle, paths: string[]) => paths.map((path) => isAbsolutePath(path, style));
    assertEquals(absolute("posix", ["/", "/a", "a", "", "./a", "\\a", "C:\\a"]), [
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
    assertEquals(absolute("windows", ["/a", "\\a", "C:\\a", "c:/", "\\\\s\\h", "C:", "C:a", "a", "", "1:\\a"]), [
      true,
      true,
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  it("are resolved from a directory, or on Windows from a drive", () => {
    assertEquals(resolvePath("/home/me", "a", "posix"), "/home/me/a");
    assertEquals(resolvePath("/home/me", "", "posix"), "/home/me");
    assertEquals(resolvePath("/home/me", "/a", "posix"), "/a");
    assertEquals(resolvePath("/home/me", "C:a", "posix"), "/home/me/C:a");
    const base = "C:\\Users\\me";
    const table = { "a\\b": "C:\\Users\\me\\a\\b", "D:\\a": "D:\\a", "c:a": "C:\\Users\\me\\a", "C:": base, "": base };
    for (const [path, want] of Object.entries(table)) assertEquals(resolvePath(base, path, "windows"), want, path);
    assertEquals(resolvePath(base, "D:a", "windows"), "D:\\a");
    assertEquals(resolvePath(base, "D:", "windows"), "D:\\");
    assertEquals(resolvePath(base, "\\\\server\\share\\a", "windows"), "\\\\server\\share\\a");
  });

  it("have one kind of separator on Windows", () => {
    assertEquals(joinPath("C:\\t", "a/b", "windows"), "C:\\t\\a\\b");
    assertEquals(joinPath("C:\\t/u", "a", "windows"), "C:\\t\\u\\a");
    assertEquals(joinPath("C:/t", "a/b", "windows"), "C:/t/a/b");
    assertEquals(resolvePath("C:\\t", "a/b", "windows"), "C:\\t\\a\\b");
    assertEquals(resolvePath("C:\\t", "D:\\a/b", "windows"), "D:\\a\\b");
    assertEquals(resolvePath("C:\\t", "D:/a/b", "windows"), "D:/a/b");
    assertEquals(resolvePath("/t", "a\\b/c", "posix"), "/t/a\\b/c");
  });

  it("are derived from file URLs", () => {
    const path = (url: string, style: PathStyle) => pathOfFileUrl(new URL(url), style);
    assertEquals(path("file:///a%20b/c", "posix"), "/a b/c");
    assertEquals(path("file:///C:/a%20b", "posix"), "/C:/a b");
    assertEquals(path("file:///C:/a%20b", "windows"), "C:/a b");
    assertEquals(path("file://server/share/a", "windows"), "//server/share/a");
  });
});
