import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UsageError } from "../../src/errors.ts";
import { formatOperand, type Operand, parseHost, parseOperand } from "../../src/ssh/operand.ts";

describe("parseOperand", () => {
  const remote: [string, { host: string; user?: string; port?: number; path: string }][] = [
    ["host:path", { host: "host", path: "path" }],
    ["host:", { host: "host", path: "" }],
    ["h:/abs/p", { host: "h", path: "/abs/p" }],
    ["h:~/x", { host: "h", path: "~/x" }],
    ["h:a:b", { host: "h", path: "a:b" }],
    ["h::", { host: "h", path: ":" }],
    ["h:a@b", { host: "h", path: "a@b" }],
    ["h:line\nbreak", { host: "h", path: "line\nbreak" }],
    ["user@host:p", { host: "host", user: "user", path: "p" }],
    ["a@b@host:p", { host: "host", user: "a@b", path: "p" }],
    ["DOM\\user@host:", { host: "host", user: "DOM\\user", path: "" }],
    ["[::1]:p", { host: "::1", path: "p" }],
    ["[::1]:", { host: "::1", path: "" }],
    ["user@[::1]:p:q", { host: "::1", user: "user", path: "p:q" }],
    ["[fe80::1%eth0]:p", { host: "fe80::1%eth0", path: "p" }],
    ["[host]:p", { host: "host", path: "p" }],
    ["bücher.example:p", { host: "bücher.example", path: "p" }],
    ["C:\\x", { host: "C", path: "\\x" }],
    ["scp://host", { host: "host", path: "" }],
    ["scp://host/", { host: "host", path: "" }],
    ["SCP://u@host:2222/dir/a%20b", { host: "host", user: "u", port: 2222, path: "dir/a b" }],
    ["scp://host//abs", { host: "host", path: "/abs" }],
    ["scp://[::1]/x", { host: "::1", path: "x" }],
    ["scp://u@[::1]:22/x", { host: "::1", user: "u", port: 22, path: "x" }],
  ];
  for (const [text, expected] of remote) {
    it(`parses ${JSON.stringify(text)} as remote`, () =>
      assertEquals(parseOperand(text), { kind: "remote", ...expected } as Operand));
  }

  const local = [
    "a",
    ".",
    "/",
    "./a:b",
    "/a:b",
    "dir/a:b",
    ":a",
    ":",
    "a/b@c:d",
    "[a",
    "[a:b",
    "[a]b:c",
    "[::1]",
    "[a/b]:c",
  ];
  local.push("-", "-x", "a\u001bb", "a\udcff");
  for (const text of local) {
    it(`parses ${JSON.stringify(text)} as local`, () =>
      assertEquals(parseOperand(text), { kind: "local", path: text }));
  }

  const refused = [
    "-oProxyCommand=x:p",
    "u@-x:p",
    "-u@h:p",
    "u -x@h:p",
    "@:p",
    "@-x:p",
    "u@:p",
    "[]:p",
    "h\u001b:p",
    "h\n:p",
  ];
  refused.push(
    "h x:p",
    "h;x:p",
    "$(x):p",
    "`x`:p",
    "u'@h:p",
    "u\\@h:p",
    "a[b:p",
    "h\u202e:p",
    "h\udcff:p",
    "u\u0000@h:p",
  );
  refused.push("scp://", "scp:///x", "scp://::1/x", "scp://h:0/x", "scp://h:65536/", "scp://h:/x", "scp://h/%zz");
  refused.push("scp://-x/y", "scp://h%0a/y", "scp://h%2fx/y", "");
  for (const text of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assertThrows(() => parseOperand(text), UsageError);
    });
  }

  it("parses an empty user as no user, as scp does", () => {
    for (const [text, host] of [["@h:p", "h"], ["@[::1]:p", "::1"], ["scp://@h/p", "h"]]) {
      assertEquals(parseOperand(text), { kind: "remote", host, path: "p" });
    }
  });

  it("escapes the refused operand in the error", () => {
    const error = assertThrows(() => parseOperand("h\u001b[2J:p"), UsageError) as UsageError;
    assertEquals(error.message, 'The host name in "h\\x1b[2J:p" contains characters that are invalid in a host name');
  });

  it("parses drive letters as local on Windows", () => {
    const windows = { driveLetters: true };
    for (const text of ["C:\\x", "c:x", "D:/x", "Z:", ".\\a:b", "dir\\a:b"]) {
      assertEquals(parseOperand(text, windows), { kind: "local", path: text });
    }
    assertEquals(parseOperand("host:C:\\x", windows), { kind: "remote", host: "host", path: "C:\\x" });
  });
});

describe("formatOperand", () => {
  it("round-trips with parseOperand", () => {
    for (const text of ["a:b", "u@h:p", "u@[::1]:p", "h:", "./x:y", "scp://u@[::1]:22/p", "scp://h:1//a%25b c"]) {
      assertEquals(formatOperand(parseOperand(text)), text);
    }
  });
});

describe("parseHost", () => {
  const HOSTS: [text: string, host: { host: string; user?: string; port?: number }][] = [
    ["host", { host: "host" }],
    ["host:", { host: "host" }],
    ["me@host", { host: "host", user: "me" }],
    ["me@[::1]", { host: "::1", user: "me" }],
    ["[::1]:", { host: "::1" }],
    ["scp://me@host:22", { host: "host", user: "me", port: 22 }],
  ];
  for (const [text, host] of HOSTS) it(`parses ${text}`, () => assertEquals(parseHost(text), host));

  for (const text of ["", ":", "host:path", "host::", "::1", "/tmp", "./host", "-oProxyCommand=x", "scp://host/path"]) {
    it(`refuses ${JSON.stringify(text)}`, () => void assertThrows(() => parseHost(text), UsageError));
  }
});
