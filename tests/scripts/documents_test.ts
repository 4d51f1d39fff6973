/** The documents of the project: links, sizes, and what they have in common with the code. */

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { exists } from "../../scripts/exists.ts";
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
