import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { PACK_FILE_LIMIT } from "../../src/protocol/limits.ts";
import { copyTree, ENGINES, rawShell, sourceRoot, TempDirectory } from "./file_engines.ts";

function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + (at >> 8)) & 0xff;
  return bytes;
}

for (const { title, make } of ENGINES) {
  describe(`copy of a tree, ${title}`, () => {
    const engine = make();
    const into = (path: string) => [{ kind: "folder" as const, path, created: true }];

    it("copies files with sizes around the limit of packed files", async () => {
      using temp = new TempDirectory();
      temp.directory("from/sub/empty");
      temp.directory("to");
      const sizes = [0, 1, PACK_FILE_LIMIT - 1, PACK_FILE_LIMIT, PACK_FILE_LIMIT + 1];
      for (const size of sizes) temp.write(`from/sub/f${size}`, pattern(size));
      assertEquals(await copyTree(engine, [sourceRoot(engine, temp.at("from"))], into(temp.at("to"))), []);
      assertEquals(temp.list("to"), temp.list("from"));
      for (const size of sizes) assertEquals(Deno.readFileSync(temp.at(`to/sub/f${size}`)), pattern(size));
    });

    it("sets the permissions of the source minus the umask, those of directories at the end", async () => {
      using temp = new TempDirectory();
      temp.directory("from/closed");
      temp.directory("to", 0o700);
      temp.write("from/run", "x", 0o4777);
      temp.write("from/secret", "x", 0o600);
      temp.write("from/closed/f", "x", 0o444);
      Deno.chmodSync(temp.at("from/closed"), 0o555);
      const options = { umask: 0o027 };
      assertEquals(await copyTree(engine, [sourceRoot(engine, temp.at("from"))], into(temp.at("to")), options), []);
      const mode = (path: string) => (Deno.statSync(temp.at(path)).mode! & 0o7777).toString(8);
      assertEquals(["to/run", "to/secret", "to/closed", "to/closed/f"].map(mode), ["750", "600", "550", "440"]);
    });

    it("sets all permissions that the given umask allows, regardless of the umask of the process", async () => {
      using temp = new TempDirectory();
      temp.directory("from");
      temp.directory("to");
      temp.write("from/f", "x", 0o666);
      await copyTree(engine, [sourceRoot(engine, temp.at("from"))], into(temp.at("to")), { umask: 0 });
      assertEquals(Deno.statSync(temp.at("to/f")).mode! & 0o7777, 0o666);
    });

    it("keeps the mode of a replaced file", async () => {
      using temp = new TempDirectory();
      temp.directory("from");
      temp.directory("to");
      temp.write("from/f", "new", 0o755);
      temp.write("to/f", "old and longer", 0o640);
      await copyTree(engine, [sourceRoot(engine, temp.at("from"))], into(temp.at("to")));
      assertEquals(Deno.readTextFileSync(temp.at("to/f")), "new");
      assertEquals(Deno.statSync(temp.at("to/f")).mode! & 0o7777, 0o640);
    });

    it("preserves mode and times of small and large files and of directories", async () => {
      using temp = new TempDirectory();
      temp.directory("from/d");
      temp.directory("to");
      temp.write("from/d/f", "x", 0o751);
      temp.write("from/d/large", new Uint8Array(PACK_FILE_LIMIT + 1), 0o640);
      const time = new Date(1_500_000_000_123);
      for (const path of ["from/d/f", "from/d/large", "from/d"]) Deno.utimeSync(temp.at(path), time, time);
      Deno.chmodSync(temp.at("from/d"), 0o711);
      const source = [sourceRoot(engine, temp.at("from"))];
      assertEquals(await copyTree(engine, source, into(temp.at("to")), { preserve: true }), []);
      for (const path of ["d/f", "d/large", "d"]) {
        const [want, got] = [Deno.statSync(temp.at(`from/${path}`)), Deno.statSync(temp.at(`to/${path}`))];
        assertEquals(got.mode, want.mode, path);
        assertEquals(got.mtime, want.mtime, path);
      }
    });

    it("copies symbolic links verbatim, and replaces existing files", async () => {
      using temp = new TempDirectory();
      temp.directory("from");
      temp.directory("to");
      Deno.symlinkSync("../any where/é", temp.at("from/link"));
      temp.write("to/link", "a file");
      const source = [sourceRoot(engine, temp.at("from"))];
      for (let round = 0; round < 2; round++) {
        assertEquals(await copyTree(engine, source, into(temp.at("to")), { symlinks: "preserve" }), []);
        assertEquals(temp.list("to"), ["link -> ../any where/é"]);
      }
    });

    it("creates hard links, and replaces existing ones", async () => {
      using temp = new TempDirectory();
      temp.directory("from/d");
      temp.directory("to");
      temp.write("from/d/one", "1");
      Deno.linkSync(temp.at("from/d/one"), temp.at("from/two"));
      const source = [sourceRoot(engine, temp.at("from"))];
      for (let round = 0; round < 2; round++) {
        assertEquals(await copyTree(engine, source, into(temp.at("to")), { hardlinks: true }), []);
        assertEquals(temp.list("to"), ["d/", "d/one", "two"]);
        assertEquals(Deno.statSync(temp.at("to/two")).ino, Deno.statSync(temp.at("to/d/one")).ino);
      }
    });

    it("writes a single file under the name of its target", async () => {
      using temp = new TempDirectory();
      for (const size of [3, PACK_FILE_LIMIT + 1]) {
        const source = [sourceRoot(engine, temp.write("f", pattern(size)))];
        const target = [{ kind: "file" as const, directory: temp.path, name: "g" }];
        assertEquals(await copyTree(engine, source, target), []);
        assertEquals(Deno.readFileSync(temp.at("g")), pattern(size));
      }
    });

    it("copies files with a size of 0 that contain data", { ignore: Deno.build.os !== "linux" }, async () => {
      using temp = new TempDirectory();
      const source = [sourceRoot(engine, "/proc/version")];
      await copyTree(engine, source, [{ kind: "file" as const, directory: temp.path, name: "v" }]);
      assertEquals(Deno.readTextFileSync(temp.at("v")), Deno.readTextFileSync("/proc/version"));
    });

    it("copies trees deeper than the maximum path length", { ignore: engine.name === "portable" }, async () => {
      using temp = new TempDirectory();
      temp.directory("to");
      temp.directory("from");
      const name = "n".repeat(100);
      rawShell(`cd from; for i in $(seq 100); do mkdir ${name}; cd -P ${name}; done; printf deep > f`, temp.path);
      assertEquals(await copyTree(engine, [sourceRoot(engine, temp.at("from"))], into(temp.at("to"))), []);
      rawShell(`cd to; for i in $(seq 100); do cd -P ${name}; done; test "$(cat f)" = deep`, temp.path);
    });

    it("copies names that are not UTF-8 byte by byte", { ignore: engine.name === "portable" }, async () => {
      using temp = new TempDirectory();
      temp.directory("to");
      temp.directory("from");
      rawShell('cd from; n=$(printf \'a\\377b\'); mkdir "$n"; printf x > "$n/$n"', temp.path);
      assertEquals(await copyTree(engine, [sourceRoot(engine, temp.at("from"))], into(temp.at("to"))), []);
      rawShell('n=$(printf \'a\\377b\'); test "$(cat "to/$n/$n")" = x', temp.path);
    });
  });
}
