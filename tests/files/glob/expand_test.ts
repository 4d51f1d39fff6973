import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UserError } from "../../../src/errors.ts";
import { expandGlob, type GlobDirectories } from "../../../src/files/glob/expand.ts";
import { matchesGlobName, matchesGlobPath } from "../../../src/files/glob/match_path.ts";
import { hasGlob, parseGlob } from "../../../src/files/glob/pattern.ts";
import { escapeGlob } from "../../support/files/escape_glob.ts";
import { createTempTree, type TreeEntries } from "../../support/files/temp_tree.ts";

/** The directories below a base, with a log of listings. */
class RealDirectories implements GlobDirectories {
  readonly listed: string[] = [];
  readonly #base: string;

  constructor(base: string) {
    this.#base = base;
  }

  *list(path: string) {
    this.listed.push(path);
    try {
      for (const { name, isDirectory, isSymlink } of Deno.readDirSync(this.#real(path))) {
        yield { name, isDirectory: isDirectory, isLink: isSymlink };
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
    }
  }

  exists(path: string): boolean {
    try {
      Deno.lstatSync(this.#real(path));
      return true;
    } catch {
      return false;
    }
  }

  identity(path: string): string | undefined {
    try {
      const { dev, ino } = Deno.statSync(this.#real(path));
      return `${dev}:${ino}`;
    } catch {
      return undefined;
    }
  }

  #real(path: string): string {
    return path.startsWith("/") ? path : `${this.#base}/${path}`;
  }
}

/** Names in memory, because the file system may refuse their bytes. */
function directoryOf(names: string[]): GlobDirectories {
  return {
    list: (path) => path === "" ? names.map((name) => ({ name, isDirectory: false })) : [],
    exists: (path) => names.includes(path),
  };
}

async function expandIn(entries: TreeEntries, table: Record<string, string[]>): Promise<void> {
  await using tree = await createTempTree(entries);
  for (const [pattern, expected] of Object.entries(table)) {
    const found = await expandGlob(parseGlob(pattern), new RealDirectories(tree.path));
    assertEquals(found, expected, pattern);
    for (const path of found) assert(matchesGlobPath(parseGlob(pattern), path), `${pattern} asks for ${path}`);
  }
}

describe("expandGlob", () => {
  it("finds files and directories, sorted, without duplicates", async () => {
    await expandIn({ "b.c": "", "a.c": "", ".h.c": "", "d/x.c": "", "d/y.h": "", "e": { directory: true } }, {
      "*.c": ["a.c", "b.c"],
      "*": ["a.c", "b.c", "d", "e"],
      ".*": [".h.c"],
      "{b,a,b}.c": ["a.c", "b.c"],
      "{*.c,a*}": ["a.c", "b.c"],
      "*/": ["d", "e"],
      "*/*": ["d/x.c", "d/y.h"],
      "d/{x,y}.*": ["d/x.c", "d/y.h"],
      "?/[!y].c": ["d/x.c"],
      "[[:alpha:]].c": ["a.c", "b.c"],
      "./*.c": ["a.c", "b.c"],
      "d/../*.c": ["d/../a.c", "d/../b.c"],
      "*/../a.c": ["d/../a.c", "e/../a.c"],
      "*/.": ["d/.", "e/."],
      "d//*.c": ["d/x.c"],
      "a.c/*": [],
      "a.c/": [],
      "nothing*": [],
      "none/*": [],
      "": [],
    });
  });

  it("enters directories for **, but neither hidden directories nor links", async () => {
    await expandIn({
      "a/b/f": "",
      "a/f": "",
      "f": "",
      ".h/f": "",
      "a/.h/f": "",
      "l": { link: "a" },
      "a/up": { link: ".." },
    }, {
      "**/f": ["a/b/f", "a/f", "f"],
      "**": ["a", "a/b", "a/b/f", "a/f", "a/up", "f", "l"],
      "a/**": ["a/b", "a/b/f", "a/f", "a/up"],
      "a/**/f": ["a/b/f", "a/f"],
      "**/**/f": ["a/b/f", "a/f", "f"],
      "**/": ["a", "a/b", "a/up", "l"],
      "*/f": ["a/f", "l/f"],
      "l/**/f": ["l/b/f", "l/f"],
      "**/.h/f": [".h/f", "a/.h/f"],
      "**/b/**": ["a/b/f"],
      "**/none/x": [],
    });
  });

  it("finds literal names, including dangling links", async () => {
    await expandIn({ "a": "", "d/x": "", "gone": { link: "nowhere" }, "{b,c}": "", "q*": "" }, {
      "{a,missing}": ["a"],
      "{missing,none}": [],
      "{gone,d/x,d/y}": ["d/x", "gone"],
      "*/x": ["d/x"],
      "*/missing": [],
      "g*": ["gone"],
      "gone/{a,*}": [],
      "\\{b,c\\}": ["{b,c}"],
      "q\\*": ["q*"],
      "{d,a}/": ["d"],
    });
  });

  it("expands absolute patterns", async () => {
    await using tree = await createTempTree({ "a.c": "", "d/b.c": "" });
    const found = await expandGlob(parseGlob(`${escapeGlob(tree.path)}/**/*.c`), new RealDirectories("/"));
    assertEquals(found, [`${tree.path}/a.c`, `${tree.path}/d/b.c`]);
    assertEquals(await expandGlob(parseGlob("{/,}"), new RealDirectories(tree.path)), ["/"]);
  });

  it("lists each directory once, even if several alternatives match it", async () => {
    await using tree = await createTempTree({ "a/a/a/a": "", "b/a": "" });
    const directories = new RealDirectories(tree.path);
    const found = await expandGlob(parseGlob("**/*/**/*/**/{a,b,*a*,[ab]}/**"), directories);
    assertEquals(found, ["a/a/a/a"]);
    assertEquals(directories.listed.length, new Set(directories.listed).size);
  });

  it("does not list directories for literal names", async () => {
    await using tree = await createTempTree({ "a/b/c.x": "" });
    const directories = new RealDirectories(tree.path);
    assertEquals(await expandGlob(parseGlob("a/b/*.x"), directories), ["a/b/c.x"]);
    assertEquals(await expandGlob(parseGlob("{a,x}/b/c.x"), directories), ["a/b/c.x"]);
    assertEquals(directories.listed, ["a/b"]);
  });

  it("searches a directory behind links once per state of the pattern", async () => {
    const links = Object.fromEntries(["l1", "l2", "l3"].map((name) => [name, { link: "." }]));
    await using tree = await createTempTree({ "d/x": "", "m1": { link: "d" }, "m2": { link: "d" }, ...links });
    const directories = new RealDirectories(tree.path);
    const found = await expandGlob(parseGlob(`${"*/".repeat(20)}x`), directories);
    assertEquals(found.length, 1);
    assert(directories.listed.length <= 2 * 20, `${directories.listed.length} directories`);
    const [direct, linked, ...more] = await expandGlob(parseGlob("*/x"), directories);
    assertEquals([direct, more], ["d/x", []]);
    assert(/^m[12]\/x$/.test(linked), linked);
    assertEquals(await expandGlob(parseGlob("*/nothin[g]"), directories), []);
  });

  it("searches a directory behind links once per state, not per set of states", async () => {
    await using tree = await createTempTree({ "a": { link: "." }, "b": { link: "." } });
    const directories = new RealDirectories(tree.path);
    const depth = 12;
    // Each path through the links leads to another set of states.
    const alternatives = Array.from(
      { length: depth },
      (_, at) => `${"*/".repeat(at)}a/${"*/".repeat(depth - at)}nothin[g]`,
    );
    assertEquals(await expandGlob(parseGlob(`{${alternatives.join()}}`), directories), []);
    assert(directories.listed.length <= depth * (depth + 2), `${directories.listed.length} directories`);
  });

  it("calls turn per directory, and ends the search if it throws", async () => {
    await using tree = await createTempTree({ "a/x": "", "b/x": "" });
    const turns = { count: 0 };
    const turn = () => Promise.resolve(void turns.count++);
    await expandGlob(parseGlob("*/*"), new RealDirectories(tree.path), { turn });
    assert(turns.count >= 3);
    const end = () => {
      throw new Error("ended");
    };
    await assertRejects(
      () => expandGlob(parseGlob("*"), new RealDirectories(tree.path), { turn: end }),
      Error,
      "ended",
    );
  });

  it("matches names that are not UTF-8, byte by byte", async () => {
    const names = ["a\udcff", "a\udcc3\udc28", "aé"];
    assertEquals(await expandGlob(parseGlob("a?"), directoryOf(names)), ["aé", "a\udcff"]);
    assertEquals(await expandGlob(parseGlob("*\udcff"), directoryOf(names)), ["a\udcff"]);
    assertEquals(await expandGlob(parseGlob("{a\udcff,b}"), directoryOf(names)), ["a\udcff"]);
  });

  it("never treats an entry that starts with ~ as a home directory", async () => {
    assertEquals(await expandGlob(parseGlob("*"), directoryOf(["~", "~root", "a"])), ["./~", "./~root", "a"]);
    assert(matchesGlobPath(parseGlob("*"), "./~root"));
    assertEquals(await expandGlob(parseGlob("./{~,b}"), { ...directoryOf([]), exists: (path) => path === "./~" }), [
      "./~",
    ]);
    assertEquals(await expandGlob(parseGlob("{~/a,b}"), { ...directoryOf([]), exists: (path) => path === "~/a" }), [
      "~/a",
    ]);
  });

  it("fails for more paths than one session can announce", async () => {
    const names = Array.from({ length: 11 }, (_, index) => `f${index}`);
    assertEquals((await expandGlob(parseGlob("*"), directoryOf(names), { limit: 11 })).length, 11);
    const limited = () => expandGlob(parseGlob("*"), directoryOf(names), { limit: 10 });
    await assertRejects(limited, UserError, "more than 10 paths");
  });
});

describe("a path pattern", () => {
  it("is distinguished from a literal name", () => {
    for (const text of ["*", "a?", "[a]", "{a,b}", "a\\b"]) assert(hasGlob(text), text);
    for (const text of ["", "a", "a/b c", "~", "a]", "}", "a,b", "$x", "!a", "\udcff"]) assert(!hasGlob(text), text);
  });

  it("can be built from a literal name", () => {
    for (const name of ["a", "*", "[a]{b,c}\\?", "\udcff*", "{", ","]) {
      assert(matchesGlobPath(parseGlob(escapeGlob(name), { strict: true }), name), name);
    }
    assert(!matchesGlobName(parseGlob(escapeGlob("*")), "a"));
  });

  it("has limits", () => {
    assertThrows(() => parseGlob("a".repeat(65_536)), UserError, "65536 characters");
    parseGlob("a/".repeat(1024));
    assertThrows(() => parseGlob("a/".repeat(1025)), UserError, "1024 components");
    assertThrows(() => parseGlob("{a,b}".repeat(20)), UserError, "more than 10000 names");
  });

  it("reports the reason if it is invalid", () => {
    assertThrows(
      () => parseGlob("a/[[:x:]]"),
      UserError,
      'Cannot use the pattern "a/[[:x:]]": the class "[:x:]" is unknown',
    );
    assertThrows(
      () => parseGlob("a[", { strict: true }),
      UserError,
      'Cannot use the pattern "a[": "[" is never closed',
    );
    assertThrows(() => parseGlob("a{", { strict: true }), UserError, '"{" is never closed');
    assertThrows(() => parseGlob("\n[", { strict: true }), UserError, '"\\n["');
  });
});

describe("a path from the peer", () => {
  const asks = (text: string, path: string) => matchesGlobPath(parseGlob(text), path);
  const named = (text: string, name: string) => matchesGlobName(parseGlob(text), name);

  it("is matched as a whole", () => {
    const table: [pattern: string, yes: string[], no: string[]][] = [
      ["*.c", ["a.c", "./a.c", "*.c"], ["a.h", "d/a.c", "/a.c", "../a.c", ".a.c", "a.c/..", "", "."]],
      ["src/*.c", ["src/a.c", "src//a.c"], ["a.c", "src/d/a.c", "src/../a.c", "src"]],
      ["/d/*", ["/d/a"], ["d/a", "/d", "/d/.ssh", "/d/.."]],
      ["**/a", ["a", "x/a", "x/y/a"], [".x/a", "x/../a", "../a", "b"]],
      ["d/**", ["d/a", "d/a/b"], ["d", "d/.a", "e/a"]],
      ["../*", ["../a"], ["a", "../..", "../a/b"]],
      ["./~*", ["./~a"], ["a"]],
      ["{a,b/c}", ["a", "b/c"], ["b", "c"]],
      ["a[", ["a["], ["a"]],
      ["a\\*", ["a*", "a\\*"], ["ab"]],
    ];
    for (const [pattern, yes, no] of table) {
      for (const path of yes) assert(asks(pattern, path), `${pattern} asks for ${path}`);
      for (const path of no) assert(!asks(pattern, path), `${pattern} does not ask for ${path}`);
    }
  });

  it("is matched by its last component, as sources are announced", () => {
    const table: [pattern: string, yes: string[], no: string[]][] = [
      ["d/*.c", ["a.c", "*.c"], [".bashrc", "a.h", "d", "."]],
      ["d/{x,y*}", ["x", "y1"], ["d", "{x", "z"]],
      ["d/**", ["a"], [".a", "."]],
      ["*/.", ["."], ["a"]],
      ["*/..", ["."], ["a", ".."]],
      ["{/,a}", [".", "a"], ["b"]],
      ["d/*/", ["x"], [".x"]],
      ["{~,a}", ["alice", "a"], []],
      ["{/~,a}", ["~", "a"], ["alice"]],
    ];
    for (const [pattern, yes, no] of table) {
      for (const name of yes) assert(named(pattern, name), `${pattern} asks for ${name}`);
      for (const name of no) assert(!named(pattern, name), `${pattern} does not ask for ${name}`);
    }
  });
});
