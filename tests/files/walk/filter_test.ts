import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ProtocolError, UsageError } from "../../../src/errors.ts";
import { createFilter, filterOption, type FilterRule, parseFilterRules } from "../../../src/files/walk/filter.ts";

const include = (pattern: string): FilterRule => ({ action: "include", kind: "glob", pattern });
const exclude = (pattern: string): FilterRule => ({ action: "exclude", kind: "glob", pattern });
const includeRegex = (pattern: string): FilterRule => ({ action: "include", kind: "regex", pattern });
const excludeRegex = (pattern: string): FilterRule => ({ action: "exclude", kind: "regex", pattern });

/** Returns the accepted paths. Those that end in "/" are directories, and paths in excluded directories are skipped. */
function pass(rules: FilterRule[], paths: string[]): string[] {
  const filter = createFilter(rules);
  const refused: string[] = [];
  return paths.filter((path) => {
    if (refused.some((directory) => path.startsWith(directory))) return false;
    const isDirectory = path.endsWith("/");
    const wanted = filter(isDirectory ? path.slice(0, -1) : path, isDirectory);
    if (!wanted && isDirectory) refused.push(path);
    return wanted;
  });
}

const TREE = [
  "a.c",
  "a.o",
  ".a.o",
  "d/",
  "d/b.c",
  "d/b.o",
  "d/build/",
  "d/build/x.c",
  "build/",
  "build/y.c",
  "e/",
  "e/build",
];

describe("createFilter", () => {
  it("accepts every path if no rule matches", () => {
    assertEquals(pass([], TREE), TREE);
    assertEquals(pass([exclude("none")], TREE), TREE);
  });

  it("matches a glob without a slash against the last component, at any depth", () => {
    assertEquals(pass([exclude("*.o")], TREE), TREE.filter((path) => !path.endsWith(".o")));
    assertEquals(pass([exclude("build")], TREE), ["a.c", "a.o", ".a.o", "d/", "d/b.c", "d/b.o", "e/"]);
    assertEquals(pass([exclude("[!d].o")], TREE), TREE.filter((path) => path !== "a.o" && path !== "d/b.o"));
  });

  it("matches a glob with a slash against the whole path", () => {
    for (const pattern of ["/build", "./build", "/build/"]) {
      assertEquals(pass([exclude(pattern)], TREE), TREE.filter((path) => !path.startsWith("build")), pattern);
    }
    assertEquals(pass([exclude("d/build")], TREE), TREE.filter((path) => !path.startsWith("d/build")));
    assertEquals(pass([exclude("build/y.c")], TREE), TREE.filter((path) => path !== "build/y.c"));
    assertEquals(pass([exclude("b.c/")], TREE), TREE);
    assertEquals(pass([exclude("*/*.c")], TREE), TREE.filter((path) => path !== "d/b.c" && path !== "build/y.c"));
  });

  it("matches ** at any depth", () => {
    assertEquals(pass([exclude("**/build/*.c")], TREE), TREE.filter((path) => !/build\/./.test(path)));
    assertEquals(pass([exclude("d/**")], TREE), TREE.filter((path) => !/^d\/./.test(path)));
    assertEquals(pass([exclude("/**/b.*")], TREE), TREE.filter((path) => !/b\../.test(path)));
    assertEquals(pass([exclude("**")], TREE), []);
  });

  it("matches a glob with a slash at the end against directories only", () => {
    assertEquals(pass([exclude("build/")], TREE), TREE.filter((path) => !/build\//.test(path)));
    assertEquals(pass([include("*/"), exclude("*")], TREE), TREE.filter((path) => path.endsWith("/")));
  });

  it("expands braces, each alternative by its own slashes", () => {
    assertEquals(pass([exclude("{*.o,/build}")], TREE), TREE.filter((path) => !/\.o$|^build/.test(path)));
    assertEquals(pass([exclude("{build/,a.c}")], TREE), TREE.filter((path) => !/build\/|^a\.c/.test(path)));
  });

  it("applies the first rule that matches", () => {
    assertEquals(pass([include("b.o"), exclude("*.o")], TREE), TREE.filter((path) => !/a\.o/.test(path)));
    assertEquals(pass([exclude("*.o"), include("b.o")], TREE), TREE.filter((path) => !path.endsWith(".o")));
    assertEquals(pass([include("*.c"), exclude("*")], TREE), ["a.c"]);
    assertEquals(pass([include("*/"), include("*.c"), exclude("*")], ["a.c", "a.o", "d/", "d/b.c"]), [
      "a.c",
      "d/",
      "d/b.c",
    ]);
    assertEquals(
      pass([includeRegex("^d/"), include("d"), excludeRegex(".")], TREE),
      TREE.filter((path) => /^d\//.test(path)),
    );
  });

  it("matches regular expressions against the whole path", () => {
    assertEquals(pass([excludeRegex("\\.o$")], TREE), TREE.filter((path) => !path.endsWith(".o")));
    assertEquals(pass([excludeRegex("^d/.*\\.c$")], TREE), TREE.filter((path) => !/^d\/.*\.c$/.test(path)));
    assertEquals(pass([excludeRegex("d/b\\.(c|o)")], TREE), TREE.filter((path) => !/d\/b\./.test(path)));
    assertEquals(pass([excludeRegex("^.\\.c$")], ["😀.c", "\udcff.c", "ab.c"]), ["ab.c"]);
  });

  it("returns the same result for the same path", () => {
    const filter = createFilter([excludeRegex("a")]);
    for (let turn = 0; turn < 3; turn++) assert(!filter("xa", false));
  });

  it("matches names that are not UTF-8", () => {
    assertEquals(pass([exclude("?")], ["\udcff", "\udcc3\udc28"]), ["\udcc3\udc28"]);
  });

  it("reports the option and the reason for an invalid rule", () => {
    const table: [FilterRule, string][] = [
      [exclude("a[b"), 'Option "--exclude": Cannot use the pattern "a[b": "[" is never closed'],
      [include("{a"), 'Option "--include": Cannot use the pattern "{a": "{" is never closed'],
      [include("[[:x:]]"), 'Option "--include": Cannot use the pattern "[[:x:]]": the class "[:x:]" is unknown'],
      [exclude(""), 'Option "--exclude" must not be empty'],
      [exclude("/"), 'Option "--exclude": Cannot use the pattern "/": it names nothing in the source'],
      [exclude("{,}"), 'Option "--exclude": Cannot use the pattern "{,}": it names nothing in the source'],
      [exclude("../x"), 'Option "--exclude": Cannot use the pattern "../x": no path in a source contains "." or ".."'],
      [excludeRegex("("), 'Option "--exclude-regex": Cannot use the regular expression "(": Unterminated group'],
      [
        includeRegex("a\n["),
        'Option "--include-regex": Cannot use the regular expression "a\\n[": Unterminated character class',
      ],
      [includeRegex(""), 'Option "--include-regex" must not be empty'],
      [
        excludeRegex("(a)\\1"),
        'Option "--exclude-regex": Cannot use the regular expression "(a)\\\\1": backreferences are not supported',
      ],
      [
        excludeRegex("a{100000}"),
        'Option "--exclude-regex": Cannot use the regular expression "a{100000}": it is too large',
      ],
      [exclude("a".repeat(4097)), 'Option "--exclude" takes at most 4096 characters'],
      [exclude("{a,b}".repeat(30)), 'Option "--exclude": Cannot expand'],
    ];
    for (const [rule, message] of table) {
      const error = assertThrows(() => createFilter([rule]), UsageError);
      assert(error.message.startsWith(message), `${error.message}, not ${message}`);
    }
  });

  it("accepts a thousand rules", () => {
    assert(createFilter(Array.from({ length: 1000 }, () => exclude("a")))("b", false));
    assertThrows(
      () => createFilter(Array.from({ length: 1001 }, () => exclude("a"))),
      UsageError,
      "Cannot use 1001 filter rules",
    );
    assertThrows(() => createFilter(Array.from({ length: 17 }, () => exclude("a".repeat(4096)))), UsageError);
  });

  it("accepts regular expressions up to the limits of characters and states", () => {
    assert(createFilter(Array.from({ length: 16 }, () => excludeRegex("a".repeat(4096))))("b", false));
    const large = Array.from({ length: 11 }, () => excludeRegex("a{9999}"));
    assertThrows(() => createFilter(large), UsageError, "it is too large");
  });

  it("matches a regular expression with catastrophic backtracking in linear time", () => {
    assertEquals(pass([excludeRegex("^(a+)+x")], ["a".repeat(4000), "ax"]), ["a".repeat(4000)]);
  });

  it("returns the option of a rule", () => {
    assertEquals([include(""), exclude(""), includeRegex(""), excludeRegex("")].map(filterOption), [
      "--include",
      "--exclude",
      "--include-regex",
      "--exclude-regex",
    ]);
  });
});

describe("filter rules from the peer", () => {
  it("round-trip", () => {
    const rules = [include("*.c"), excludeRegex("^a/")];
    assertEquals(parseFilterRules(JSON.parse(JSON.stringify(rules))), rules);
    assertEquals(parseFilterRules([]), []);
    assertEquals(parseFilterRules([{ ...rules[0], more: 1 }]), [rules[0]]);
  });

  it("are refused in any other shape", () => {
    const good = include("a");
    const bad: unknown[] = [
      undefined,
      null,
      {},
      "a",
      [1],
      [null],
      [{}],
      [{ ...good, action: "drop" }],
      [{ ...good, kind: "sql" }],
      [{ ...good, pattern: 1 }],
      [{ ...good, pattern: "a".repeat(4097) }],
      Array.from({ length: 1001 }, () => good),
      Array.from({ length: 17 }, () => include("a".repeat(4096))),
    ];
    for (const value of bad) {
      const error = assertThrows(() => parseFilterRules(value), ProtocolError);
      assertEquals(error.code, "bad-message");
    }
  });
});
