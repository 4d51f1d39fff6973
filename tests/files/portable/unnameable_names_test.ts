import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { RecordType } from "../../../src/protocol/data/records.ts";
import { createPortableEngine } from "../../../src/files/portable/engine.ts";
import { collect, describeItems, frameOf, isNativeHere, rawShell, sourceRoot, TempDirectory } from "../file_engines.ts";

// Only Linux has names that are not text.
describe("a name that is not UTF-8, with the portable engine,", { ignore: !isNativeHere }, () => {
  const engine = createPortableEngine();
  const walk = async (path: string) => describeItems(await collect(engine.walk([sourceRoot(engine, path)], OPTIONS)));
  const OPTIONS = { recursive: true, symlinks: "preserve" } as const;
  const failures = (lines: string[]) => lines.filter((line) => line.startsWith("failed"));
  /** Deno since 2.9 returns U+FFFD for bytes that are not UTF-8. */
  const shown = (line: string) => line.replace(/\\x[0-9a-f]{2}|\ufffd/g, "?");

  it("fails for a file, a directory and a symbolic link, and the other entries are copied", async () => {
    using temp = new TempDirectory();
    rawShell(
      "mkdir from; cd from; touch good a$(printf '\\377'); mkdir d$(printf '\\376'); ln -s good l$(printf '\\200')",
      temp.path,
    );
    const lines = await walk(temp.at("from"));
    assertEquals(
      failures(lines).map(shown),
      ["a?", "d?", "l?"].map((name) => `failed Cannot read "${temp.at("from")}/${name}": its name is not UTF-8`),
    );
    assertEquals(lines.filter((line) => !line.startsWith("failed")), ["directory ", "file good 0"]);
  });

  it("is distinguished from a name with U+FFFD, whose file is copied", async () => {
    using temp = new TempDirectory();
    rawShell(
      "mkdir from; cd from; echo 1 >a$(printf '\\357\\277\\275'); : >a$(printf '\\377'); : >a$(printf '\\376')",
      temp.path,
    );
    const lines = await walk(temp.at("from"));
    assertEquals(failures(lines).length, 2);
    assertEquals(lines.filter((line) => line.startsWith("file")), ["file a??? 2"]);
  });

  it("fails in a large directory, and the other entries are copied", async () => {
    using temp = new TempDirectory();
    rawShell(
      "mkdir from; cd from; seq -f 'long-name-of-a-file-in-a-large-directory-%05g' 9000 | xargs touch; : >a$(printf '\\377')",
      temp.path,
    );
    const lines = await walk(temp.at("from"));
    assertEquals([failures(lines).length, lines.filter((line) => line.startsWith("file")).length], [1, 9000]);
  });

  it("fails as the target of a symbolic link", () => {
    using temp = new TempDirectory();
    const root = { kind: "folder", path: temp.directory("to"), created: false } as const;
    const writer = engine.openTarget([root], { preserve: false, keepTimes: false, umask: 0o022, token: "t" });
    const { frame, cursor } = frameOf([[RecordType.enter, ""], [
      RecordType.symlink,
      "link",
      Uint8Array.of(0x61, 0xff),
    ]]);
    cursor.next();
    writer.small.enter(0, frame, cursor.nameStart, cursor.nameEnd);
    cursor.next();
    let message = "";
    try {
      writer.small.makeLink(cursor, frame);
    } catch (error) {
      message = (error as Error).message;
    }
    writer.close();
    assertEquals(message, `Cannot create "${temp.at("to/link")}": the path that it contains is not UTF-8`);
    assertEquals(temp.list("to"), []);
  });
});
