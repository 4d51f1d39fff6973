import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError } from "../../src/errors.ts";
import { createNativeEngine } from "../../src/files/native/engine.ts";
import { openXattrCalls } from "../../src/native/file/xattr_calls.ts";
import { PACK_FILE_LIMIT } from "../../src/protocol/limits.ts";
import { RecordCursor, RecordType } from "../../src/protocol/data/records.ts";
import { encodeXattrs } from "../../src/protocol/data/xattrs.ts";
import { record } from "../protocol/record.ts";
import { accessList, setXattr, xattrsOf, xattrsProblem } from "../support/files/xattrs.ts";
import { collect, copyTree, isNativeHere, isRoot, sourceRoot, TempDirectory } from "./file_engines.ts";

// Opened before the tests, so that no test leaks the library.
if (isNativeHere) createNativeEngine();
if (isNativeHere) openXattrCalls();
const problem = (() => {
  using temp = new TempDirectory();
  return xattrsProblem(temp.path);
})();
const ACCESS = "system.posix_acl_access";
const DEFAULT = "system.posix_acl_default";
const bytes = (text: string) => new TextEncoder().encode(text);

describe(`extended attributes${problem ? ` (skipped: ${problem})` : ""}`, { ignore: problem !== undefined }, () => {
  /** Creates a directory, a small file, a large file and a link with attributes. */
  async function scene() {
    const { engine } = createNativeEngine();
    await engine.loadXattrs();
    const temp = new TempDirectory();
    temp.directory("from/d");
    temp.directory("to");
    temp.write("from/d/small", "x");
    temp.write("from/d/large", new Uint8Array(PACK_FILE_LIMIT + 1));
    temp.write("from/d/none", "x", 0o444);
    Deno.symlinkSync("small", temp.at("from/d/link"));
    for (const path of ["from", "from/d", "from/d/small", "from/d/large"]) {
      assert(setXattr(temp.at(path), "user.who", path));
      assert(setXattr(temp.at(path), "user.empty", ""));
      assert(setXattr(temp.at(path), ACCESS, accessList(1234)));
      if (isRoot) setXattr(temp.at(path), "trusted.who", path);
    }
    if (isRoot) setXattr(temp.at("from/d/link"), "trusted.link", "l");
    assert(setXattr(temp.at("from/d"), DEFAULT, accessList(77)));
    const copy = (options: Parameters<typeof copyTree>[3]) =>
      copyTree(
        engine,
        [sourceRoot(engine, temp.at("from"))],
        [{ kind: "folder", path: temp.at("to"), created: false }],
        {
          symlinks: "preserve",
          ...options,
        },
      );
    return { engine, temp, copy };
  }

  const PATHS = ["", "/d", "/d/small", "/d/large", "/d/none", "/d/link"];

  it("and access control lists are copied from the source", async () => {
    const { temp, copy } = await scene();
    using _ = temp;
    assertEquals(await copy({ preserve: true, xattrs: true, acls: true }), []);
    for (const path of PATHS) assertEquals(xattrsOf(temp.at(`to${path}`)), xattrsOf(temp.at(`from${path}`)), path);
    for (const path of PATHS.filter((path) => !path.endsWith("link"))) {
      assertEquals(Deno.statSync(temp.at(`to${path}`)).mode, Deno.statSync(temp.at(`from${path}`)).mode, path);
    }
  });

  it("are set only if requested, and privileged ones only together with owner and mode", async () => {
    for (
      const [options, expected] of [
        [{ preserve: true }, []],
        [{ xattrs: true }, ["user.empty", "user.who"]],
        [
          { xattrs: true, preserve: true },
          isRoot ? ["trusted.who", "user.empty", "user.who"] : ["user.empty", "user.who"],
        ],
        [{ acls: true, preserve: true }, [ACCESS]],
      ] as const
    ) {
      const { temp, copy } = await scene();
      using _ = temp;
      assertEquals(await copy(options), []);
      for (const path of ["", "/d/small", "/d/large"]) {
        assertEquals(Object.keys(xattrsOf(temp.at(`to${path}`))), expected, path);
      }
      const mode = (path: string) => Deno.statSync(temp.at(path)).mode! & 0o777;
      if ("preserve" in options) continue;
      for (const path of ["d/small", "d/large", "d/none"]) {
        assertEquals(mode(`to/${path}`), mode(`from/${path}`) & ~0o022, path);
      }
    }
  });

  it("that a sender sends without request are not set", async () => {
    const { engine, temp, copy } = await scene();
    using _ = temp;
    const writer = createNativeEngine().engine;
    assertEquals(await copy({ preserve: true, xattrs: true, acls: true, writer: unasked(writer) }), []);
    for (const path of PATHS) assertEquals(xattrsOf(temp.at(`to${path}`)), {}, path);
    assertEquals(engine.name, "native");
  });

  it("that are inherited from a directory are removed if the source has none", async () => {
    const { temp, copy } = await scene();
    using _ = temp;
    assert(setXattr(temp.at("to"), DEFAULT, accessList(5)));
    assertEquals(await copy({ preserve: true, acls: true }), []);
    assertEquals(xattrsOf(temp.at("to/d/none")), {});
    assertEquals(Object.keys(xattrsOf(temp.at("to/d"))), [ACCESS, DEFAULT]);
    assertEquals(Object.keys(xattrsOf(temp.at("to"))), [ACCESS]);
  });

  it("that cannot be set are reported, and the file has its final name", async () => {
    const { engine, temp } = await scene();
    using _ = temp;
    // The kernel refuses a name that ends with the dot.
    const xattrs = encodeXattrs([{ name: bytes("user."), value: bytes("x") }, {
      name: bytes("user.b"),
      value: bytes("b"),
    }])!;
    const options = { preserve: false, xattrs: true, umask: 0o022, token: "test" };
    const writer = engine.openTarget([{ kind: "folder", path: temp.at("to"), created: false }], options);
    const frame = record({ type: RecordType.file, name: "f", contents: "contents", fields: { mode: 0o644 }, xattrs });
    const cursor = new RecordCursor(frame, 0, frame.length, { plan: false });
    cursor.next();
    writer.small.enter(0, frame, 0, 0);
    const expected = `Cannot set extended attributes of "${temp.at("to/f")}": user.: Invalid argument`;
    assertThrows(() => writer.small.writeWhole(cursor, frame), FileError, expected);
    const partial = writer.partials.create(0, "large", 3);
    const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, atime: 0, atimeNs: 0 };
    assertThrows(() => writer.partials.commit(partial, attributes, xattrs), FileError, "user.: Invalid argument");
    const directory = { root: 0, path: "", created: false, attributes, xattrs };
    assertEquals(writer.directories.finish([directory]).map(({ message }) => message), [
      `Cannot set extended attributes of "${temp.at("to")}": user.: Invalid argument`,
    ]);
    writer.close();
    assertEquals(temp.list("to"), ["f", "large"]);
    assertEquals(Deno.readTextFileSync(temp.at("to/f")), "contents");
    assertEquals(xattrsOf(temp.at("to/f")), { "user.b": "b" });
  });

  it("that are too long are reported, and the file is sent without them", async () => {
    const { engine, temp, copy } = await scene();
    using _ = temp;
    const half = new Uint8Array(64 << 10);
    // Not every file system supports such large attributes.
    if (!["user.x", "user.y"].every((name) => setXattr(temp.at("from/d/small"), name, half))) return;
    const walk = engine.walk([sourceRoot(engine, temp.at("from"))], {
      recursive: true,
      xattrs: true,
      symlinks: "preserve",
    });
    const failed = (await collect(walk)).filter((item) => item.type === "failed");
    const message = `Cannot copy extended attributes of "${temp.at("from/d/small")}": they take more than 128 KiB`;
    assertEquals(failed.map(({ error }) => error.message), [message]);
    assertEquals(await copy({ xattrs: true }), [message]);
    assertEquals(xattrsOf(temp.at("to/d/small")), {});
  });
});

/** Returns an engine whose targets do not set extended attributes. */
function unasked(engine: ReturnType<typeof createNativeEngine>["engine"]): typeof engine {
  return {
    ...engine,
    openTarget: (roots, options) => engine.openTarget(roots, { ...options, xattrs: false, acls: false }),
  };
}
