import { assertEquals, assertMatch } from "@std/assert";
import { afterEach, beforeEach, describe, it } from "@std/testing/bdd";
import type { ExtraOptions, RemovedExtras } from "../../src/files/engine/directory_writer.ts";
import { ENGINES, TempDirectory } from "../files/file_engines.ts";

/** Entries outside of the target, which must stay. */
const OUTSIDE = ["outside/", "outside/x", "outside/y", "outside/sub/", "outside/sub/x"].sort();

for (const { title, make } of ENGINES) {
  describe(`while entries of a target are deleted (${title})`, () => {
    let temp: TempDirectory;
    beforeEach(() => {
      temp = new TempDirectory();
      for (const path of ["outside/sub", "to/gone/sub", "to/kept"]) temp.directory(path);
      for (const path of ["outside/x", "outside/y", "outside/sub/x", "to/gone/x", "to/gone/sub/x", "to/kept/x"]) {
        temp.write(path);
      }
    });
    afterEach(() => {
      assertEquals(temp.list().filter((path) => path.startsWith("outside")), OUTSIDE);
      temp[Symbol.dispose]();
    });

    /** Replaces an entry, which moves aside, by a link to the outside. */
    function swap(path: string): void {
      Deno.renameSync(temp.at(path), temp.at("moved"));
      Deno.symlinkSync(temp.at("outside"), temp.at(path));
    }

    async function remove(options: Partial<ExtraOptions>): Promise<RemovedExtras> {
      const stat = Deno.statSync(temp.at("to"));
      const identity = { dev: stat.dev, inode: stat.ino! };
      const roots = [{ kind: "folder" as const, path: temp.at("to"), created: false, identity }];
      const target = make().openTarget(roots, { preserve: false, umask: 0o022, token: "test" });
      try {
        return await target.directories.removeExtras({
          names: {
            hasDirectory: () => true,
            find: (_, name) => name === "kept" ? "listed" : "missing",
          },
          sources: [],
          limit: Infinity,
          dryRun: false,
          removed: () => {},
          yieldIfDue: () => {},
          ...options,
        });
      } finally {
        target.close();
      }
    }

    for (const path of ["gone", "gone/sub", "kept"]) {
      it(`a link that replaces a directory is not followed: ${path}`, async () => {
        let swapped = false;
        const swapOnce = (when: boolean) => {
          if (!when || swapped) return;
          swapped = true;
          swap(`to/${path}`);
        };
        const { failures } = await remove({
          // Called after the directory was listed as one, and before it is opened.
          accept(each) {
            swapOnce(each === path);
            return true;
          },
          removed: ({ path: each }) => swapOnce(path === "kept" && each === "gone"),
        });
        assertEquals(swapped, true);
        assertMatch(
          failures[0]?.message ?? "",
          /^Cannot remove .*: (it is a symbolic link|Not a directory|Is a directory)$/,
        );
      });
    }

    it("a link that replaces an opened directory is not followed", async () => {
      let swapped = false;
      await remove({
        // Called for entries of the opened directory.
        accept(each) {
          if (each.startsWith("gone/") && !swapped) {
            swapped = true;
            swap("to/gone");
          }
          return true;
        },
      });
      assertEquals(swapped, true);
    });

    it("a directory that replaces the root is left alone", async () => {
      let swapped = false;
      const { failures } = await remove({
        accept() {
          if (!swapped) {
            swapped = true;
            Deno.renameSync(temp.at("to"), temp.at("moved"));
            Deno.symlinkSync(temp.at("outside"), temp.at("to"));
          }
          return true;
        },
      });
      // The native engine keeps the root open.
      if (title === "portable") assertMatch(failures[0].message, /another directory has taken its place$/);
      Deno.removeSync(temp.at("to"));
    });

    it("an entry that another process removes does not keep its directory", async () => {
      const { failures, removed } = await remove({
        accept(each) {
          if (each === "gone/x") Deno.removeSync(temp.at("to/gone/x"));
          return true;
        },
      });
      assertEquals([failures, removed, temp.list("to")], [[], 4, ["kept/"]]);
    });

    it("a file that becomes a directory is not removed with its contents", async () => {
      let swapped = false;
      const { failures } = await remove({
        accept(each) {
          if (each === "gone/x" && !swapped) {
            swapped = true;
            Deno.removeSync(temp.at("to/gone/x"));
            temp.directory("to/gone/x");
            temp.write("to/gone/x/new");
          }
          return true;
        },
      });
      assertMatch(failures[0]?.message ?? "", /Is a directory$/);
      assertEquals(temp.list("to/gone/x"), ["new"]);
    });
  });
}
