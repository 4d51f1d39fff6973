/** Hard links to unchanged files of other directories. */

import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError } from "../../../src/errors.ts";
import type { FileEngine } from "../../../src/files/engine/engine.ts";
import type { TargetRoot } from "../../../src/files/engine/target_root.ts";
import { FileStat } from "../../../src/files/stat/file_stat.ts";
import { readAttributes } from "../../../src/files/stat/record_attributes.ts";
import { RecordType } from "../../../src/protocol/data/records.ts";
import { ENGINES, frameOf, TempDirectory } from "../file_engines.ts";

const { enter, file } = RecordType;

/** Opens the destinations "first" and "second" of the target "to", and enters its directory "sub". */
async function open(engine: FileEngine, temp: TempDirectory, { name }: { name?: string } = {}) {
  const linkDestinations = ["first", "second"].map((each) => {
    const directory = temp.at(name === undefined ? each : `${each}/sub`);
    return { directory, identity: engine.paths.stat(directory, { follow: true })! };
  });
  const root: TargetRoot = name === undefined
    ? { kind: "folder", path: temp.at("to"), created: false, linkDestinations }
    : { kind: "file", directory: temp.at("to"), name, linkDestinations };
  const links = await engine.linkDestinations([root], { preserve: true, umask: 0o022, token: "test" });
  const { frame, cursor } = frameOf([[enter, name === undefined ? "sub" : ""], [
    file,
    name === undefined ? "f" : "",
    "same",
  ]]);
  cursor.next();
  links.enter(0, frame, cursor.nameStart, cursor.nameEnd);
  cursor.next();
  const attributes = new FileStat();
  readAttributes(cursor, attributes);
  const { uid, gid } = engine.paths.stat(temp.path, { follow: true })!;
  Object.assign(attributes, { uid, gid });
  return { links, find: () => links.find(cursor, frame, attributes) };
}

/** Writes a file with the attributes of the record. */
function write(temp: TempDirectory, path: string, contents = "same"): void {
  temp.directory(path.slice(0, path.lastIndexOf("/")));
  Deno.utimeSync(temp.write(path, contents, 0o644), 0, 0);
}

for (const { title, make } of ENGINES) {
  describe(`link destinations, ${title}`, { ignore: Deno.build.os === "windows" }, () => {
    const engine = make();

    it("give a file another name in a new directory, and in any existing one", async () => {
      for (const mode of [undefined, 0o755, 0o777, 0o1777]) {
        for (const existing of [false, true]) {
          using temp = new TempDirectory();
          write(temp, "first/sub/f");
          temp.directory("second");
          temp.directory("to");
          if (mode !== undefined) temp.directory("to/sub", mode);
          if (existing) write(temp, "to/sub/f", "other");
          const { links, find } = await open(engine, temp);
          assertEquals(find(), true);
          links.link();
          const created = links.takeCreated().map(({ path }) => path);
          assertEquals(created, mode === undefined && !existing ? ["sub"] : []);
          assertEquals(links.takeChanged(), [{ root: 0, path: "sub" }]);
          links.close();
          assertEquals(temp.list("to"), ["sub/", "sub/f"]);
          assertEquals(Deno.statSync(temp.at("to/sub/f")).ino, Deno.statSync(temp.at("first/sub/f")).ino);
        }
      }
    });

    it("apply to a root that is a file", async () => {
      using temp = new TempDirectory();
      write(temp, "first/sub/other");
      write(temp, "second/sub/name");
      temp.directory("to");
      const { links, find } = await open(engine, temp, { name: "name" });
      assertEquals(find(), true);
      links.link();
      links.close();
      assertEquals(Deno.statSync(temp.at("to/name")).ino, Deno.statSync(temp.at("second/sub/name")).ino);
    });

    it("contain no unchanged file if it is missing or another kind, size, time or mode", async () => {
      const changes: [what: string, change: (temp: TempDirectory) => void][] = [
        ["missing", (temp) => Deno.removeSync(temp.at("first/sub/f"))],
        ["directory missing", (temp) => Deno.removeSync(temp.at("first/sub"), { recursive: true })],
        ["size", (temp) => write(temp, "first/sub/f", "same size")],
        ["time", (temp) => Deno.utimeSync(temp.at("first/sub/f"), 0, 1)],
        ["mode", (temp) => Deno.chmodSync(temp.at("first/sub/f"), 0o600)],
        ["link", (temp) => {
          Deno.renameSync(temp.at("first/sub/f"), temp.at("first/sub/g"));
          Deno.symlinkSync("g", temp.at("first/sub/f"));
        }],
        ["directory is a link", (temp) => {
          Deno.renameSync(temp.at("first/sub"), temp.at("first/other"));
          Deno.symlinkSync("other", temp.at("first/sub"));
        }],
        ["planned directory replaced", (temp) => {
          Deno.renameSync(temp.at("first"), temp.at("moved"));
          write(temp, "first/sub/f");
        }],
      ];
      for (const [what, change] of changes) {
        using temp = new TempDirectory();
        write(temp, "first/sub/f");
        temp.directory("second");
        temp.directory("to");
        const { links, find } = await open(engine, temp);
        change(temp);
        assertEquals(find(), false, what);
        links.close();
      }
    });

    it("give no name to a file that was replaced after it was compared", async () => {
      for (const mode of [0o755, 0o777]) {
        using temp = new TempDirectory();
        write(temp, "first/sub/f");
        temp.directory("second");
        temp.directory("to/sub", mode);
        write(temp, "to/sub/f", "old");
        const { links, find } = await open(engine, temp);
        assertEquals(find(), true);
        write(temp, "first/sub/new", "evil");
        Deno.renameSync(temp.at("first/sub/new"), temp.at("first/sub/f"));
        assertThrows(() => links.link(), FileError, "it was replaced while it was compared");
        links.close();
        assertEquals(temp.list("to"), ["sub/", "sub/f"]);
        assertEquals(Deno.readTextFileSync(temp.at("to/sub/f")), "old");
      }
    });
  });
}
