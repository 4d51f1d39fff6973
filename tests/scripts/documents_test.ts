/** The documents of the project: links, sizes, and what they have in common with the code. */

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { exists } from "@std/fs/exists";
import { checkLanguage } from "../../scripts/language_rules.ts";
import { documentPaths, findAnchors, findLinks, findWideCells } from "./documents.ts";

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

  it("follows the rules for the language", () => {
    const violations = [...documents].flatMap(([path, text]) => checkLanguage({ path, text }));
    assertEquals(violations.map(({ file, line, message }) => `${file}:${line} ${message}`), []);
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
  it("names the tests of each guarantee", () => {
    const sections = documents.get("src/transfer/GUARANTEES.md")!.split(/^## /m).slice(1);
    const untested = sections.filter((section) => !/^Tests: \[/m.test(section)).map((section) =>
      section.split("\n")[0]
    );
    assertEquals(untested, ["Not guaranteed"]);
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
  const texts: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(directory, root))) {
    if (isDirectory) texts.push(...await sourceTexts(`${directory}${name}/`));
    else if (name.endsWith(".ts")) texts.push(await Deno.readTextFile(new URL(directory + name, root)));
  }
  return texts;
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

describe("findWideCells", () => {
  it("counts the characters of a cell without its padding", () => {
    const text = `| a | b |\n| --- | --- |\n| ${"x".repeat(5)}     | \\| y |\n`;
    assertEquals(findWideCells(text, 4), [{ line: 3, length: 5 }]);
    assertEquals(findWideCells(text, 5), []);
  });
});
