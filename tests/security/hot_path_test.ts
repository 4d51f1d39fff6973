import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { createNativeEngine } from "../../src/files/native/engine.ts";
import { putInt53, RecordField, RecordType } from "../../src/protocol/data/records.ts";
import { frameOf, isNativeHere, TempDirectory } from "../files/file_engines.ts";
import { watchCalls } from "./watched_calls.ts";

/** Returns the system calls for one small file, after others in the same directory. */
function callsFor(directory: TempDirectory, options: { preserve: boolean; old: boolean }): string[] {
  const { engine } = createNativeEngine();
  const root = { kind: "folder", path: directory.path, created: false } as const;
  const writer = engine.openTarget([root], { preserve: options.preserve, umask: 0o022, token: "test" });
  const names = ["a", "b", "c"];
  if (options.old) names.forEach((name) => directory.write(name, "old"));
  const records: Parameters<typeof frameOf>[0] = names.map((name) => [RecordType.file, name, "new"]);
  const { frame, cursor } = frameOf([[RecordType.enter, ""], ...records]);
  const view = new DataView(frame.buffer);
  const calls: string[] = [];
  while (cursor.next()) {
    if (cursor.type === RecordType.enter) {
      writer.small.enter(cursor.root, frame, cursor.nameStart, cursor.nameEnd);
      continue;
    }
    // A time that every file system has: others are read back.
    putInt53(view, cursor.start + RecordField.mtime, 1_000_000_000);
    calls.length = 0;
    using _ = watchCalls((name) => calls.push(name));
    writer.small.writeWhole(cursor, frame);
  }
  writer.close();
  return calls;
}

describe("system calls per small file in a private directory", { ignore: !isNativeHere }, () => {
  it("a new file takes one fchmod more in a directory that is closed to others", () => {
    using directory = new TempDirectory();
    Deno.chmodSync(directory.path, 0o700);
    const calls = callsFor(directory, { preserve: false, old: false });
    assertEquals(calls, ["openat", "write", "fchmod", "close", "renameNew"]);
  });

  it("a new file takes one statx more in a directory that others can read", () => {
    using directory = new TempDirectory();
    Deno.chmodSync(directory.path, 0o755);
    const calls = callsFor(directory, { preserve: false, old: false });
    assertEquals(calls, ["openat", "write", "statx", "fchmod", "close", "renameNew"]);
  });

  it("a replaced file takes one call more for its access control list", () => {
    using directory = new TempDirectory();
    Deno.chmodSync(directory.path, 0o755);
    const calls = callsFor(directory, { preserve: false, old: true });
    assertEquals(calls, ["openat", "write", "statx", "lgetxattr", "chmod", "close", "renameat"]);
  });

  it("with -p a new file takes no call more, and a replaced one takes one", () => {
    using directory = new TempDirectory();
    Deno.chmodSync(directory.path, 0o755);
    const added = callsFor(directory, { preserve: true, old: false });
    assertEquals(added, ["openat", "write", "fchown", "futimens", "fchmod", "close", "renameNew"]);
    const replaced = callsFor(directory, { preserve: true, old: true });
    assertEquals(replaced, ["openat", "write", "lgetxattr", "fchown", "futimens", "fchmod", "close", "renameat"]);
  });
});
