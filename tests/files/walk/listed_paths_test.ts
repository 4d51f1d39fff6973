import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UserError } from "../../../src/errors.ts";
import { NameBudget } from "../../../src/files/walk/listed_name.ts";
import { ListedPaths } from "../../../src/files/walk/listed_paths.ts";
import { MAX_PATH_NAMES, MAX_ROOTS } from "../../../src/protocol/limits.ts";
import { collect, describeItems, ENGINES, sourceRoot, TempDirectory } from "../file_engines.ts";

const OPTIONS = { deep: true };

/** Part of the maximum number of paths in a list, so that the test is fast. */
const PART = 10;

describe("listed paths", () => {
  it("contain names once, also if many paths contain them", async () => {
    const budget = new NameBudget(5);
    const listed = await ListedPaths.from(["a/b/c", "/a//b/./d", "a/b/c/../d", "e"], { ...OPTIONS, budget });
    assertEquals(listed.names, new Set(["a", "e"]));
    const top = listed.top();
    assertEquals([top.find("a"), top.find("x"), [...top.missing()]], [true, false, ["e"]]);
    assertEquals([...top.below("a").missing()].sort(), ["b/c", "b/d"]);
    assertEquals([...top.below("x").missing()], []);
  });

  it("are refused beyond the limit for different names", async () => {
    await ListedPaths.from(["a/b", "c"], { ...OPTIONS, budget: new NameBudget(3) });
    const error = await assertRejects(
      () => ListedPaths.from(["a/b", "c/d"], { ...OPTIONS, budget: new NameBudget(3) }),
      UserError,
      "Cannot copy all listed paths at once: together, they contain more than 3 different files and directories",
    );
    assertEquals(error.hint, "Copy them in several runs");
  });

  it("of several roots are counted together", async () => {
    const budget = new NameBudget(3);
    await ListedPaths.from(["a/b"], { ...OPTIONS, budget });
    await assertRejects(() => ListedPaths.from(["a/b"], { ...OPTIONS, budget }), UserError);
  });

  it("may be as many as a list has, each in directories of its own, and yield to the event loop", async () => {
    const paths = Array.from({ length: MAX_ROOTS / PART }, (_, index) => `data/year/${index}/own/directory/${index}`);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const listed = await ListedPaths.from(paths, { ...OPTIONS, budget: new NameBudget(MAX_PATH_NAMES / PART + 2) });
    clearInterval(timer);
    assert(turns > 3, `${turns} turns`);
    const level = listed.top().below("data").below("year").below("99999").below("own").below("directory");
    assertEquals([level.find("99999"), level.find("0")], [true, false]);
  });
});

for (const { title, make } of ENGINES) {
  it(`listed paths below a file fail one by one: ${title}`, async () => {
    const engine = make();
    using temp = new TempDirectory();
    temp.write("file");
    const listed = [await ListedPaths.from(["file/a", "file/b/c", "file"], { deep: false })];
    const walk = engine.walk([sourceRoot(engine, temp.path)], { recursive: true, listed });
    assertEquals(describeItems(await collect(walk)), [
      ...["a", "b/c"].map((path) => `failed Cannot read "${temp.at(`file/${path}`)}": Not a directory`),
      "file file 0",
    ]);
  });
}
