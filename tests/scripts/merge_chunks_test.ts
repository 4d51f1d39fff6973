import { assertEquals, assertRejects } from "@std/assert";
import { afterAll, describe, it } from "@std/testing/bdd";
import { stop } from "esbuild";
import { mergeChunks } from "../../scripts/merge_chunks.ts";
import { listNames } from "../support/files/list_names.ts";
import { createTempTree } from "../support/files/temp_tree.ts";

/** A program that loads two stages and another module, as a bundler writes it. The chunks share a name. */
const CHUNKS = {
  "main.js": `import{name as n}from"./chunk-AAAAAAAA.js";import{b}from"./chunk-BBBBBBBB.js";` +
    `const run=await import("./run-CCCCCCCC.js");const other=await import("./other-DDDDDDDD.js");` +
    `console.log(n,b,run.start(),other.name);`,
  "chunk-AAAAAAAA.js": `const name="a";export{name};`,
  "chunk-BBBBBBBB.js": `import{name as c}from"./chunk-EEEEEEEE.js";import"./chunk-AAAAAAAA.js";` +
    `const name=c+"b";export{name as b};`,
  "chunk-EEEEEEEE.js": `const name="e";export{name};`,
  "chunk-FFFFFFFF.js": `import{b as name}from"./chunk-BBBBBBBB.js";function f(){return name+"f"}export{f,name};`,
  "run-CCCCCCCC.js": `import{f}from"./chunk-FFFFFFFF.js";function start(){return f()}export{start};`,
  "other-DDDDDDDD.js": `import{name}from"./chunk-AAAAAAAA.js";export{name};`,
  "below/worker.js": `import{f}from"../chunk-FFFFFFFF.js";console.log(f());`,
};

describe("merged chunks", () => {
  afterAll(() => stop());

  it("are one for each set of stages that reach them, and the program prints the same", async () => {
    await using tree = await createTempTree(CHUNKS);
    const at = (name: string) => `${tree.path}/${name}`;
    const before = [await run(at("main.js")), await run(at("below/worker.js"))];
    assertEquals(before, ["a eb ebf a\n", "ebf\n"]);
    await mergeChunks(tree.path, [["start"]]);
    assertEquals([await run(at("main.js")), await run(at("below/worker.js"))], before);
    const merged = ["merged-0.js", "merged-1.js", "merged-2.js"];
    const left = listNames(tree.path).filter((name) => name.endsWith(".js") && !merged.includes(name)).sort();
    assertEquals(left, ["main.js", "other-DDDDDDDD.js", "run-CCCCCCCC.js"]);
  });

  it("need exactly one chunk for each function", async () => {
    await using tree = await createTempTree(CHUNKS);
    await assertRejects(() => mergeChunks(tree.path, [["missing"]]), Error, "0 export missing instead of one");
  });
});

async function run(path: string): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), { args: ["run", "--quiet", "--no-config", path], stdin: "null" });
  return new TextDecoder().decode((await command.output()).stdout);
}
