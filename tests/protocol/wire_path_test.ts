import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { MAX_NAME_BYTES, MAX_PATH_BYTES } from "../../src/protocol/limits.ts";
import { checkName, checkPath, parseWirePath } from "../../src/protocol/wire_path.ts";
import { assertProtocolError } from "./protocol_error.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const rejects = (text: string) => assertProtocolError("bad-path", () => parseWirePath(text));

describe("parseWirePath", () => {
  it("accepts relative paths unchanged", () => {
    const paths = [
      "",
      "a",
      "a/b",
      ".hidden",
      "..a",
      "...",
      "a../b",
      "a b",
      "-r",
      "~",
      "C:\\x",
      "a\nb",
      "\udcff/x",
      "*",
    ];
    for (const path of paths) assertEquals<string>(parseWirePath(path), path);
  });

  it("rejects absolute paths and empty components", () => {
    for (const path of ["/", "/a", "//", "a//b", "a/", "a/b/"]) rejects(path);
  });

  it('rejects "." and ".." as any component', () => {
    for (const path of [".", "..", "./a", "../a", "a/.", "a/..", "a/./b", "a/../b", "a/b/../../../c"]) rejects(path);
  });

  it("rejects NUL at any place", () => {
    for (const path of ["\0", "a\0", "\0a", "a/\0", "a/b\0c/d"]) rejects(path);
  });

  it("accepts a component of 255 bytes, and rejects one of 256 bytes", () => {
    parseWirePath("a".repeat(MAX_NAME_BYTES));
    parseWirePath("x/" + "ß".repeat(127) + "a");
    rejects("a".repeat(MAX_NAME_BYTES + 1));
    rejects("x/" + "ß".repeat(128) + "/y");
  });

  it("accepts a path of 65535 bytes, and rejects one of 65536 bytes", () => {
    const deep = "a/".repeat(40_000).slice(0, MAX_PATH_BYTES);
    assertEquals(deep.length, MAX_PATH_BYTES);
    parseWirePath(deep);
    rejects("b" + deep);
  });

  it("does not read surrogates as a slash or a dot", () => {
    // U+DC2F and U+DC2E would be "/" and "." if escapes could represent ASCII.
    assertEquals<string>(parseWirePath("a\udc2fb"), "a\udc2fb");
    assertEquals<string>(parseWirePath("\udc2e\udc2e"), "\udc2e\udc2e");
  });
});

describe("checkPath", () => {
  it("checks only its range", () => {
    const bytes = bytesOf("../a/b/../");
    checkPath(bytes, 3, 6);
    checkPath(bytes, 4, 4);
    assertProtocolError("bad-path", () => checkPath(bytes, 3, 7));
    assertProtocolError("bad-path", () => checkPath(bytes, 2, 6));
    assertProtocolError("bad-path", () => checkPath(bytes, 0, 6));
  });
});

describe("checkPath in a large frame", () => {
  it("reads no byte outside its range, and many paths take linear time", () => {
    const frame = new Uint8Array(1 << 20).fill(0x61);
    const looked = { at: 0, outside: 0 };
    const watched = new Proxy(frame, {
      get(target, key) {
        const at = typeof key === "string" ? Number(key) : NaN;
        if (Number.isInteger(at)) looked.at++;
        if (at < 1000 || at >= 1200) looked.outside++;
        const value = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    frame[1100] = 0x2f;
    checkPath(watched, 1000, 1200);
    assertEquals(looked.outside, 0);
    assert(looked.at <= 200 * 4 + 10, `${looked.at} bytes were looked at`);
  });
});

describe("checkName", () => {
  it("accepts exactly one component", () => {
    for (const name of ["a", "...", ".a", "a.", "a".repeat(255)]) checkName(bytesOf(name), 0, bytesOf(name).length);
    for (const name of ["", ".", "..", "a/b", "/", "a/", "a\0", "a".repeat(256)]) {
      assertProtocolError("bad-path", () => checkName(bytesOf(name), 0, bytesOf(name).length));
    }
  });
});
