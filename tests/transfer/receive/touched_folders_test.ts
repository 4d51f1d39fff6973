import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { TargetWriter } from "../../../src/files/engine/target.ts";
import { TouchedFolders } from "../../../src/transfer/receive/touched_folders.ts";
import { assertProtocolError } from "../../protocol/protocol_error.ts";

const ROOTS = [{ kind: "folder", path: "/to", created: false }] as const;
const ATTRIBUTES = { mode: 0o755, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, atime: 0, atimeNs: 0 };

describe("directories whose attributes come at the end", () => {
  it("are put together from what is known of them", async () => {
    const folders = new TouchedFolders(ROOTS, { fsync: false });
    folders.touch([{ root: 0, path: "a", created: true }]);
    folders.touch([{ root: 0, path: "a", created: false, attributes: ATTRIBUTES }, {
      ...{ root: 0, path: "b", created: false },
    }]);
    const finished: unknown[] = [];
    const writer = { finishFolders: (each: unknown[]) => (finished.push(...each), []) } as unknown as TargetWriter;
    assertEquals(await folders.finish(writer), []);
    assertEquals(finished, [
      { root: 0, path: "a", created: true, mode: undefined, attributes: ATTRIBUTES, xattrs: undefined },
      { root: 0, path: "b", created: false },
    ]);
    assertEquals([...folders.places()], ["", "a", "b"].map((path) => ({ root: 0, path })));
  });

  it("are rejected when their paths are too long together", () => {
    const folders = new TouchedFolders(ROOTS, { fsync: false, mostText: 100 });
    const path = "x".repeat(50);
    for (let times = 0; times < 3; times++) folders.touch([{ root: 0, path, created: true }]);
    folders.touch([{ root: 0, path: "y".repeat(50), created: true }]);
    assertProtocolError("bad-message", () => folders.touch([{ root: 0, path: "z", created: true }]));
  });

  it("are rejected when their extended attributes are too long together", () => {
    const folders = new TouchedFolders(ROOTS, { fsync: false, mostText: 100 });
    folders.touch([{ root: 0, path: "a", created: true }]);
    folders.touch([{ root: 0, path: "a", created: true, xattrs: new Uint8Array(64) }]);
    folders.touch([{ root: 0, path: "a", created: true, xattrs: new Uint8Array(64) }]);
    assertProtocolError(
      "bad-message",
      () => folders.touch([{ root: 0, path: "b", created: true, xattrs: new Uint8Array(64) }]),
    );
  });

  it("are rejected when the paths that are to be brought to the disk are too long together", () => {
    const folders = new TouchedFolders(ROOTS, { fsync: true, mostText: 100 });
    folders.entered({ root: 0, path: `${"x".repeat(40)}/${"y".repeat(9)}` });
    folders.entered({ root: 0, path: `${"x".repeat(40)}/${"y".repeat(9)}` });
    assertProtocolError("bad-message", () => folders.entered({ root: 0, path: "z".repeat(20) }));
  });
});
