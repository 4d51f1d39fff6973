import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { describe, it } from "@std/testing/bdd";
import { createTempTree } from "./files/temp_tree.ts";

const BDD_PATH: string = fromFileUrl(new URL("./bdd.ts", import.meta.url));

/** Runs a test file of these lines. Returns its outcome and the lines that it logged with the prefix "LOG ". */
async function runTests(...lines: string[]): Promise<{ log: string[]; success: boolean; output: string }> {
  const imports = `import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from "${BDD_PATH}";`;
  const log = "const log = (text: string) => console.log(`LOG ${text}`);";
  const unused = "void [afterAll, afterEach, beforeAll, beforeEach, describe, it, log];";
  await using tree = await createTempTree({ "a_test.ts": [imports, log, unused, ...lines].join("\n") });
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-check", "--no-config", "--no-lock", "--allow-read", `${tree.path}/a_test.ts`],
    env: { NO_COLOR: "1" },
    stderr: "null",
  }).output();
  const output = new TextDecoder().decode(stdout);
  return { log: [...output.matchAll(/^LOG (.*)$/gm)].map((match) => match[1]), success, output };
}

describe("describe and it", () => {
  it("run outer hooks before inner ones, and after them at the end", async () => {
    const { log, success } = await runTests(
      `describe("outer", () => {`,
      `  beforeAll(() => log("all")); beforeEach(() => log("each")); afterEach(() => log("end")); afterAll(() => log("over"));`,
      `  it("one", () => log("one"));`,
      `  describe("inner", () => {`,
      `    beforeEach(() => log("inner each")); afterEach(() => log("inner end"));`,
      `    it("two", () => log("two"));`,
      `  });`,
      `});`,
    );
    assertEquals(log, ["all", "each", "one", "end", "each", "inner each", "two", "inner end", "end", "over"]);
    assertEquals(success, true);
  });

  it("report a failed case and run its hooks and the other cases", async () => {
    const { log, success } = await runTests(
      `describe("suite", () => {`,
      `  afterEach(() => log("end")); afterAll(() => log("over"));`,
      `  it("fails", () => { throw new Error("no"); });`,
      `  it("passes", () => log("other"));`,
      `});`,
    );
    assertEquals(log, ["end", "other", "end", "over"]);
    assertEquals(success, false);
  });

  it("list every case of a skipped suite without running its hooks", async () => {
    const { log, success, output } = await runTests(
      `describe.skip("suite", () => {`,
      `  beforeAll(() => log("no")); beforeEach(() => log("no"));`,
      `  it("one", () => log("no"));`,
      `  describe("inner", () => { it("two", () => log("no")); });`,
      `});`,
    );
    assertEquals(log, []);
    assertEquals(success, true);
    assertEquals([...output.matchAll(/(one|two) \.\.\. ignored/g)].map((match) => match[1]), ["one", "two"]);
  });

  it("run only cases that are marked with only", async () => {
    const { log } = await runTests(
      `describe("suite", () => { it("one", () => log("one")); it.only("two", () => log("two")); });`,
      `describe("other", () => { it("three", () => log("three")); });`,
    );
    assertEquals(log, ["two"]);
  });
});
