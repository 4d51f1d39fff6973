import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UsageError } from "../../src/errors.ts";
import {
  formatOneTimeUrl,
  isEscpsOperand,
  lacksKey,
  parseEscpsOperand,
  withKey,
} from "../../src/serve/escps_operand.ts";

const KEY = { certificateHash: new Uint8Array(32).fill(0xfb), secret: new Uint8Array(16).fill(0xff) };
const parse = parseEscpsOperand;

describe("an operand of a server without ssh", () => {
  it("has a host, a port, a name and a path below the root", () => {
    const user = undefined;
    assertEquals(parse("escps://web1/a/b"), { host: "web1", user, port: 7523, path: "a/b" });
    assertEquals(parse("ESCPS://me@web1:80/a"), { host: "web1", user: "me", port: 80, path: "a" });
    assertEquals(parse("escps://a@b@[::1]:1/"), { host: "::1", user: "a@b", port: 1, path: "." });
    assertEquals(parse("escps://[fe80::1%25eth0]"), { host: "fe80::1%eth0", user, port: 7523, path: "." });
  });

  it("has a path that is literal except for percent escapes", () => {
    const paths = {
      "": ".",
      "/": ".",
      "//": ".",
      "//etc/passwd": "etc/passwd",
      "/a b/c d/": "a b/c d/",
      "/a%20b%23k=c": "a b#k=c",
      "/a#b?c&d=e": "a#b?c&d=e",
      "/100%25": "100%",
      "/*.txt": "*.txt",
      "/~": "./~",
      "/~root/x": "./~root/x",
      "/%7Eroot/x": "./~root/x",
      "//~/x": "./~/x",
      "/a/~": "a/~",
      "/%2Fetc": "etc",
      "/../x": "../x",
      "/a:b": "a:b",
      "/\n": "\n",
    };
    for (const [text, path] of Object.entries(paths)) assertEquals(parse(`escps://h${text}`).path, path, text);
  });

  it("with an invalid host, user, port or escape is refused", () => {
    for (
      const text of ["escps://", "escps:///a", "escps://-h/a", "escps://a b/", "escps://::1/a", "escps://$(x)@h/a"]
    ) {
      assertThrows(() => parse(text), UsageError, "name in", text);
    }
    for (const port of ["", "0", "65536", "99999999999"]) {
      assertThrows(() => parse(`escps://h:${port}/`), UsageError, "must be a number from 1 to 65535");
    }
    assertThrows(() => parse("escps://h:x/"), UsageError, "address without brackets");
    assertThrows(() => parse("escps://h/100%"), UsageError, "two hexadecimal digits");
  });

  it("has a name of at most 64 characters", () => {
    const name = "n".repeat(64);
    assertEquals(parse(`escps://${name}@h/`).user, name);
    assertThrows(() => parse(`escps://${name}n@h/`), UsageError, "must have at most 64 characters");
    const error = assertThrows(() => parse(`escps://${name}n@h/#k=${"A".repeat(64)}`), UsageError);
    assert(!error.message.includes("AAAA"), error.message);
  });

  it("is recognized by its scheme", () => {
    for (const text of ["escps://h/", "Escps://"]) assert(isEscpsOperand(text));
    for (const text of ["escps:/h", "./escps://h", "scp://h", "escp://h", "escps:h"]) assertFalse(isEscpsOperand(text));
  });
});

describe("a one-time URL", () => {
  it("round-trips, also with an IPv6 address", () => {
    for (
      const [host, start] of [["web1", "web1"], ["10.0.0.1", "10.0.0.1"], ["::1", "[::1]"], [
        "fe80::1%e0",
        "[fe80::1%25e0]",
      ]]
    ) {
      const url = formatOneTimeUrl({ host, port: 7523 }, KEY);
      assert(url.startsWith(`escps://${start}:7523/#k=`), url);
      assert(/^[A-Za-z0-9_-]{64}$/.test(url.slice(url.indexOf("#k=") + 3)), url);
      assertEquals(parse(url), { host, user: undefined, port: 7523, path: ".", oneTimeKey: KEY });
    }
  });

  it("may have a path", () => {
    const url = formatOneTimeUrl({ host: "h", port: 1 }, KEY).replace("/#", "/a%23k=b/c#");
    assertEquals(parse(url), { host: "h", user: undefined, port: 1, path: "a#k=b/c", oneTimeKey: KEY });
  });

  it("with an incomplete or damaged key is refused without showing it", () => {
    const url = formatOneTimeUrl({ host: "h", port: 1 }, KEY);
    for (
      const damaged of [
        url.slice(0, -1),
        `${url}A`,
        `${url} `,
        `${url.slice(0, -1)}+`,
        `${url.slice(0, -1)}\n`,
        "escps://h/#k=",
      ]
    ) {
      const error = assertThrows(() => parse(damaged), UsageError, 'The key in "escps://h');
      assert(!error.message.includes(url.slice(-20, -4)) && error.hint?.includes("whole line"));
    }
    const bad = url.replace(":1/", ":0/");
    assert(!assertThrows(() => parse(bad), UsageError).message.includes(url.slice(-20)));
  });

  it("may lack its key, which is added from a key or a URL with blanks around it", () => {
    const url = formatOneTimeUrl({ host: "h", port: 1 }, KEY);
    const key = url.slice(url.indexOf("#k=") + 3);
    for (const given of [key, url, ` ${key}\n`, `\t${url}\r\n`]) {
      assertEquals(parseEscpsOperand(withKey("ESCPS://g/path#k=", given)).oneTimeKey, KEY);
    }
    const operands = ["escps://h/#k=", "Escps://h/a#k=", url, "escps://h/", "#k=", "h:#k=", "scp://h/#k="];
    assertEquals(operands.map(lacksKey), [true, true, false, false, false, false, false]);
  });

  it("is not made of a digest or secret of another length", () => {
    for (const key of [{ ...KEY, secret: new Uint8Array(15) }, { ...KEY, certificateHash: new Uint8Array(33) }]) {
      assertThrows(() => formatOneTimeUrl({ host: "h", port: 1 }, key), RangeError);
    }
  });
});
