/** The documents of the project: links, sizes, and what they have in common with the code. */

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { exists } from "@std/fs/exists";
import { fromFileUrl } from "@std/path";
import { walkFiles } from "../../scripts/walk_files.ts";
import { expandBraces } from "../../src/files/glob/braces.ts";
import { documentPaths, findAnchors, findLinks, findNamedTests, findWideCells, testNames } from "./documents.ts";

const root = new URL("../../", import.meta.url);
const documents = new Map<string, string>();
for (const path of await documentPaths(root)) documents.set(path, await Deno.readTextFile(new URL(path, root)));

/** Maximum length of a table cell, in characters. */
const CELL = 200;

describe("every document", () => {
  it("links to files and headings that exist", async () => {
    const broken: string[] = [];
    for (const [path, text] of documents) {
      for (const { line, target } of findLinks(text)) {
        if (/^[a-z]+:/.test(target)) continue;
        const [file, anchor] = target.split("#");
        const url = new URL(file === "" ? path : file, new URL(path, root));
        const linked = file === "" ? path : url.href.slice(root.href.length);
        const isKnown = file === "" || await exists(url);
        const hasAnchor = anchor === undefined || findAnchors(documents.get(linked) ?? "").includes(anchor);
        if (!isKnown || !hasAnchor) broken.push(`${path}:${line} ${target}`);
      }
    }
    assertEquals(broken, []);
  });

  it("names files of the project that exist", async () => {
    const missing: string[] = [];
    for (const [path, text] of documents) {
      for (const [, name] of text.matchAll(/`((?:src|tests|scripts)\/[\w./-]+\.\w+)`/g)) {
        if (!await exists(new URL(name, root))) missing.push(`${path} ${name}`);
      }
    }
    assertEquals(missing, []);
  });

  it(`has no table cell of more than ${CELL} characters`, () => {
    const wide = [...documents].flatMap(([path, text]) =>
      findWideCells(text, CELL).map(({ line, length }) => `${path}:${line} ${length} characters`)
    );
    assertEquals(wide, []);
  });
});

describe("README.md", () => {
  const text = documents.get("README.md")!;

  it("has at most 300 lines and 20 KB", () => {
    const [lines, bytes] = [text.split("\n").length - 1, new TextEncoder().encode(text).length];
    assert(lines <= 300, `${lines} lines`);
    assert(bytes <= 20_000, `${bytes} bytes`);
  });
});

describe("src/README.md", () => {
  const text = documents.get("src/README.md")!;

  it("lists every task", async () => {
    const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
    const listed = [...text.matchAll(/^\| `deno task ([a-z0-9]+)/gm)].map(([, task]) => task);
    assertEquals(listed.sort(), Object.keys(tasks).sort());
  });

  it("lists the modules of @std that the import map takes from the mirror", async () => {
    const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
    const used = Object.keys(imports).filter((name) => name.startsWith("@std/") && imports[name].startsWith("npm:"));
    const [, sentence] = /Tests and scripts use the standard library: ([^]*?)\. /.exec(text)!;
    assertEquals([...sentence.matchAll(/`(.*?)`/g)].map(([, name]) => name), used.sort());
  });

  it("lists every directory of src, and nothing else", async () => {
    const listed = [...text.matchAll(/^ {4}(\S+) {2,}\S/gm)].map(([, path]) => path);
    for (const path of listed) assert(await exists(new URL(path, root)), path);
    for await (const { name, isDirectory } of Deno.readDir(new URL("src/", root))) {
      assert(!isDirectory || listed.includes(`src/${name}/`), name);
    }
  });
});

describe("src/transfer/GUARANTEES.md", () => {
  const path = "src/transfer/GUARANTEES.md";
  const text = documents.get(path)!;

  it("names the tests of each guarantee", () => {
    const sections = text.split(/^## /m).slice(1);
    const untested = sections.filter((section) => findNamedTests(section).length === 0);
    assertEquals(untested.map((section) => section.split("\n")[0]), ["Not guaranteed"]);
  });

  it("names tests that exist, at least one of each file", async () => {
    const missing: string[] = [];
    for (const { file, names } of findNamedTests(text)) {
      const existing = testNames(await Deno.readTextFile(new URL(file, new URL(path, root))));
      if (names.length === 0) missing.push(`${file}: no name`);
      for (const name of names) {
        if (!existing.some((each) => each.includes(name))) missing.push(`${file}: ${name}`);
      }
    }
    assertEquals(missing, []);
  });
});

describe(".ci/run", () => {
  it("names tests that exist", async () => {
    const text = await Deno.readTextFile(new URL(".ci/run", root));
    const paths = [...text.matchAll(/(?<![\w/])tests\/[\w/.{},-]*[\w}]/g)].flatMap(([path]) => expandBraces(path));
    assert(paths.length > 10);
    const missing = await Promise.all(paths.map(async (path) => await exists(new URL(path, root)) ? [] : [path]));
    assertEquals(missing.flat(), []);
  });
});

describe("src/doctor/TROUBLESHOOTING.md", () => {
  it("quotes messages that the code has or a test expects", async () => {
    // A document shows a value that varies as "…".
    const code = [...await sourceTexts("src/"), ...await sourceTexts("tests/")].join("\n").replace(/\$\{[^}]*\}/g, "…");
    const text = documents.get("src/doctor/TROUBLESHOOTING.md")!;
    const messages = [...text.matchAll(/^(?:### |Also.*: )`(.*)`/gm)].flatMap(([, found]) => found.split("`, `"));
    assert(messages.length > 10);
    assertEquals(messages.filter((message) => !code.includes(message)), []);
  });
});

/** Returns the texts of all modules below a directory. */
async function sourceTexts(directory: string): Promise<string[]> {
  const files = await Array.fromAsync(walkFiles(fromFileUrl(new URL(directory, root)), { match: /\.ts$/ }));
  return await Promise.all(files.map(({ path }) => Deno.readTextFile(path)));
}

describe("findLinks", () => {
  it("finds inline links outside of code", () => {
    const text = '[a](b.md#c) and `[x](y)`\n\n```\n[no](no.md)\n```\n\n[d]( <e.md> "title")\n';
    assertEquals(findLinks(text), [{ line: 1, target: "b.md#c" }, { line: 7, target: "e.md" }]);
  });
});

describe("findAnchors", () => {
  it("names headings as the usual renderers do", () => {
    const text = "# One: two `three`\n\n## A [b](c.md)\n\n```\n# not this\n```\n\n## A b\n";
    assertEquals(findAnchors(text), ["one-two-three", "a-b", "a-b-1"]);
  });
});

describe("findNamedTests", () => {
  it("finds links to test files, and the names after them across lines", () => {
    const text =
      '- [a_test.ts](t/a_test.ts): "one", "two\n  words"\n- [b_test.ts](b_test.ts), "not this"\n[c](c.ts): "no"\n';
    assertEquals(findNamedTests(text), [
      { file: "t/a_test.ts", names: ["one", "two words"] },
      { file: "b_test.ts", names: [] },
    ]);
  });
});

describe("testNames", () => {
  it("returns the names of suites and cases, with … for values", () => {
    const text =
      'describeWith("a", () => {\n it(`b ${c} d${e.map((f) => `g`)}`, x);\n it.ignore(\n"h", {}) });\nsplit("i")';
    assertEquals(testNames(text), ["a", "b … d…", "h"]);
  });
});

describe("findWideCells", () => {
  it("counts the characters of a cell without its padding", () => {
    const text = `| a | b |\n| --- | --- |\n| ${"x".repeat(5)}     | \\| y |\n`;
    assertEquals(findWideCells(text, 4), [{ line: 3, length: 5 }]);
    assertEquals(findWideCells(text, 5), []);
  });
});
