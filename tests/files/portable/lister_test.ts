import { assertEquals, assertThrows } from "@std/assert";
import { afterEach, describe, it } from "@std/testing/bdd";
import { FileError } from "../../../src/errors.ts";
import { PortableLister } from "../../../src/files/portable/lister.ts";
import { createPortableEngine } from "../../../src/files/portable/engine.ts";
import { sourceRoot, TempDirectory } from "../file_engines.ts";

const { readDir } = Deno;

describe("the listing of a directory without system calls", () => {
  const engine = createPortableEngine();
  afterEach(() => void (Deno.readDir = readDir));

  /** Opens a directory that contains synthetic entries, and fails after them. */
  function open(temp: TempDirectory, count: number, failure?: Error) {
    const made = { entries: 0 };
    Deno.readDir = async function* () {
      for (; made.entries < count; made.entries++) {
        yield { name: `${made.entries}`, isFile: true, isDirectory: false, isSymlink: false };
      }
      if (failure) throw failure;
    };
    const lister = new PortableLister();
    lister.openDirectory(sourceRoot(engine, temp.path), "", { follow: true });
    return { lister, made };
  }

  it("reads 100,000 entries in pieces, even if the size of the directory is small", async () => {
    using temp = new TempDirectory();
    const { lister, made } = open(temp, 100_000);
    let [listed, ahead] = [0, 0];
    for (;;) {
      await lister.fetch();
      if (!lister.nextEntry()) break;
      listed++;
      ahead = Math.max(ahead, made.entries - listed);
    }
    lister.closeDirectory();
    assertEquals(listed, 100_000);
    assertEquals(ahead < 2_000, true, `${ahead} entries were read ahead`);
  });

  for (const count of [0, 1, 1024, 1025, 2048]) {
    it(`reports an error after ${count} entries, and lists all of them`, async () => {
      using temp = new TempDirectory();
      const { lister } = open(temp, count, new Deno.errors.PermissionDenied("Permission denied (os error 13)"));
      let listed = 0;
      const failures: string[] = [];
      const attempt = <T>(call: () => T): T | undefined => {
        try {
          return call();
        } catch (error) {
          failures.push((error as FileError).message);
        }
      };
      for (;;) {
        await attempt(() => lister.fetch());
        if (!attempt(() => lister.nextEntry())) break;
        listed++;
      }
      lister.closeDirectory();
      assertEquals([listed, failures], [count, [`Cannot read "${temp.path}": Permission denied`]]);
    });
  }

  it("does not report the error of a directory that was closed", async () => {
    using temp = new TempDirectory();
    const { lister } = open(temp, 0, new Deno.errors.PermissionDenied("Permission denied (os error 13)"));
    await lister.fetch();
    lister.closeDirectory();
    assertEquals(lister.fetch(), undefined);
    assertThrows(() => lister.openDirectory(sourceRoot(engine, temp.path), "x", { follow: true }));
  });
});
