import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { loadFileEngine } from "../../../src/files/load_engine.ts";
import { findSources } from "../../../src/transfer/send/resolved_sources.ts";
import { createTempDirectory } from "../../support/files/temp.ts";

/** More directories than a search visits before it yields. */
const SLOW_MS = 15;

describe("findSources", () => {
  it("yields to the event loop while a pattern is searched, also with a callback that does not wait", async () => {
    await using directory = await createTempDirectory();
    for (let index = 0; index < 10; index++) await Deno.mkdir(`${directory.path}/${index}/empty`, { recursive: true });
    const state = { searched: 0, yielded: false };
    const timer = setTimeout(() => state.yielded = true, 0);
    const turn = () => {
      state.searched++;
      for (const until = performance.now() + SLOW_MS; performance.now() < until;);
    };
    const options = { base: directory.path, tilde: false, globs: true, recursive: true, turn };
    const { paths } = loadFileEngine("portable").engine;
    const found = await findSources([{ path: "*/em*", literal: false }], options, paths, () => {});
    clearTimeout(timer);
    assertEquals(found.roots.length, 10);
    assert(state.searched >= 10);
    assert(state.yielded);
  });
});
