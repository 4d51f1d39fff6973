import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { realPathBy } from "../../../src/files/path/real_path.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

/** Returns the function of a system that resolves only paths of at most this length. Like Wine, it reports no error code. */
function resolvingUpTo(length: number): (path: string) => string {
  return (path) => {
    const real = Deno.realPathSync(path);
    if (real.length > length) throw new Error("More data available.");
    return real;
  };
}

describe("realPathBy", () => {
  it("returns the path of a file below a directory that the system resolves", async () => {
    await using tree = await createTempTree({ "real/a/b/c": "1", "link": { link: "real" } });
    const root = Deno.realPathSync(tree.path);
    const limit = `${root}/real`.length;
    for (const below of ["", "/a", "/a/b", "/a/b/c"]) {
      assertEquals(realPathBy(resolvingUpTo(limit), `${root}/link${below}`), `${root}/real${below}`);
    }
  });

  it("refuses a link whose path the system does not resolve", async () => {
    await using tree = await createTempTree({ "real/a": "1", "link": { link: "real" } });
    const root = Deno.realPathSync(tree.path);
    const resolve = resolvingUpTo(root.length);
    assertThrows(() => realPathBy(resolve, `${root}/link`), Error, "More data");
    assertThrows(() => realPathBy(resolve, `${root}/link/a`), Error, "More data");
  });

  it("refuses dots, and a path of which the system resolves no directory", async () => {
    await using tree = await createTempTree({ "a/b": "1" });
    const root = Deno.realPathSync(tree.path);
    for (const path of ["a/.", "a/.."]) {
      assertThrows(() => realPathBy(resolvingUpTo(0), `${root}/${path}`), Error, "More data");
    }
    assertThrows(() => realPathBy(resolvingUpTo(0), `${root}/a/b`), Error, "More data");
  });

  it("reports a missing file", async () => {
    await using tree = await createTempTree({ "a": { directory: true } });
    assertThrows(() => realPathBy(resolvingUpTo(0), `${tree.path}/a/missing`), Deno.errors.NotFound);
  });
});
