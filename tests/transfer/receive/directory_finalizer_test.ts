import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { DirectoryWriter } from "../../../src/files/engine/directory_writer.ts";
import { DirectoryFinalizer } from "../../../src/transfer/receive/directory_finalizer.ts";
import { assertProtocolError } from "../../protocol/protocol_error.ts";

const ROOTS = [{ kind: "folder", path: "/to", created: false }] as const;
const ATTRIBUTES = { mode: 0o755, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, atime: 0, atimeNs: 0 };

describe("DirectoryFinalizer", () => {
  it("merges what is known of a directory", async () => {
    const directories = new DirectoryFinalizer(ROOTS, { fsync: false });
    const identity = { dev: 1, inode: 2 };
    directories.add([{ root: 0, path: "b", created: false }, {
      root: 0,
      path: "a",
      created: false,
      attributes: ATTRIBUTES,
    }]);
    directories.add([{ root: 0, path: "a", created: true, identity }]);
    const finished: unknown[] = [];
    const writer = { finish: (each: unknown[]) => (finished.push(...each), []) } as unknown as DirectoryWriter;
    assertEquals(await directories.finish(writer), []);
    assertEquals(finished, [
      { root: 0, path: "b", created: false },
      { root: 0, path: "a", created: true, mode: undefined, identity, attributes: ATTRIBUTES, xattrs: undefined },
    ]);
    assertEquals([...directories.places()], ["", "b", "a"].map((path) => ({ root: 0, path })));
  });

  it("rejects directories whose paths are too long together", () => {
    const directories = new DirectoryFinalizer(ROOTS, { fsync: false, maxText: 100 });
    const path = "x".repeat(50);
    for (let times = 0; times < 3; times++) directories.add([{ root: 0, path, created: true }]);
    directories.add([{ root: 0, path: "y".repeat(50), created: true }]);
    assertProtocolError("bad-message", () => directories.add([{ root: 0, path: "z", created: true }]));
  });

  it("rejects directories whose extended attributes are too long together", () => {
    const directories = new DirectoryFinalizer(ROOTS, { fsync: false, maxText: 100 });
    directories.add([{ root: 0, path: "a", created: true }]);
    directories.add([{ root: 0, path: "a", created: true, xattrs: new Uint8Array(64) }]);
    directories.add([{ root: 0, path: "a", created: true, xattrs: new Uint8Array(64) }]);
    assertProtocolError(
      "bad-message",
      () => directories.add([{ root: 0, path: "b", created: true, xattrs: new Uint8Array(64) }]),
    );
  });

  it("rejects paths to flush that are too long together", () => {
    const directories = new DirectoryFinalizer(ROOTS, { fsync: true, maxText: 100 });
    directories.addEntered({ root: 0, path: `${"x".repeat(40)}/${"y".repeat(9)}` });
    directories.addEntered({ root: 0, path: `${"x".repeat(40)}/${"y".repeat(9)}` });
    assertProtocolError("bad-message", () => directories.addEntered({ root: 0, path: "z".repeat(20) }));
  });
});
