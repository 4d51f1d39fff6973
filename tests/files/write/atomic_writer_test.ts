import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError, ProtocolError } from "../../../src/errors.ts";
import type { TargetRoot } from "../../../src/files/engine/target_root.ts";
import { backupName, unverifiedName } from "../../../src/files/path/temporary_names.ts";
import { planted } from "../../../src/files/stat/file_identity.ts";
import { FileKind, type FileStat } from "../../../src/files/stat/file_stat.ts";
import { AtomicWriter } from "../../../src/files/write/atomic_writer.ts";
import type { EngineDirectory } from "../../../src/files/write/target_directory.ts";
import { SystemCallError } from "../../../src/native/libc/errno.ts";
import { encodeName } from "../../../src/protocol/names.ts";

const ATTRIBUTES = { mode: 0o644, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, atime: 0, atimeNs: 0 };
const ENOSPC = 28;
const EEXIST = 17;
const EACCES = 13;
const EBUSY = 16;

/** An engine that logs its calls. `failures` contains the errors that calls throw, in order. */
class LoggedDirectory {
  readonly calls: string[] = [];
  readonly failures = new Map<string, unknown[]>();
  mayAddPermissions = true;

  /** Returns the operations on a directory in which names are strings and files are their temporary names. */
  open(): EngineDirectory<string, string> {
    const run = <Result>(call: string, result: Result): Result => {
      this.calls.push(call);
      const failure = this.failures.get(call)?.shift();
      if (failure) throw failure;
      return result;
    };
    const operations = {
      directory: {
        path: "sub",
        enter: () => run("enter", undefined),
        addPermissions: () => run("addPermissions", this.mayAddPermissions),
        textOf: (name: string) => `/target/${name}`,
        bytesOf: encodeName,
        mayBePlanted: () => run("mayBePlanted", false),
        checkSameCase: () => run("checkSameCase", undefined),
        remove: (name: string) => run(`remove ${name}`, undefined),
        stat: (_: string, into: FileStat) => {
          into.kind = FileKind.file;
          return run("stat", true);
        },
      },
      staging: {
        createFile: () => run("createFile", "temporary"),
        discard: () => run("discard", undefined),
        close: () => run("close", undefined),
      },
      commits: {
        examineReplaced: () => run("examineReplaced", undefined),
        setAttributes: () => run("setAttributes", undefined),
        sync: () => run("sync", undefined),
        snapshot: () => run("snapshot", undefined),
        closeForRename: () => run("closeForRename", undefined),
        linkReplaced: (_: string, other: string) => run(`linkReplaced ${other}`, { dev: 1, inode: 2 }),
        rename: () => run("rename", undefined),
        takeAttributeFailure: () => undefined,
      },
      partials: { openStaged: () => run("openStaged", "opened") },
    };
    return operations as unknown as EngineDirectory<string, string>;
  }

  /** Returns a writer that has entered the directory. */
  writer(options = {}, root: TargetRoot = { kind: "folder", path: "/target", created: false }) {
    const all = { preserve: false, umask: 0o022, token: "t", ...options };
    const writer = new AtomicWriter(this.open(), { roots: [root], options: all });
    writer.enter(0, root.kind === "folder" ? "sub" : "", { create: true });
    this.calls.length = 0;
    return writer;
  }

  /** Makes the next calls of this name fail. */
  fail(call: string, ...errors: unknown[]): void {
    this.failures.set(call, errors);
  }
}

describe("AtomicWriter", () => {
  it("retries with another temporary name if the name exists or a signal interrupts the call", () => {
    const directory = new LoggedDirectory();
    const writer = directory.writer();
    directory.fail("createFile", new SystemCallError(EEXIST), new Deno.errors.AlreadyExists(), new SystemCallError(4));
    assertEquals(writer.create("f"), "temporary");
    assertEquals(directory.calls, Array(4).fill("createFile"));
  });

  it("opens up a directory of the copy that it may not write to", () => {
    const directory = new LoggedDirectory();
    const writer = directory.writer();
    directory.fail("createFile", new SystemCallError(EACCES));
    writer.create("f");
    assertEquals(directory.calls, ["createFile", "addPermissions", "createFile"]);
  });

  it("fails if it cannot open up the directory", () => {
    const directory = new LoggedDirectory();
    const writer = directory.writer();
    directory.mayAddPermissions = false;
    directory.fail("createFile", new SystemCallError(EACCES));
    const { message } = assertThrows(() => writer.create("f"), FileError);
    assertEquals(message, 'Cannot write "/target/f": Permission denied');
  });

  it("never opens up the directory of a root that is a file", () => {
    const directory = new LoggedDirectory();
    const writer = directory.writer({}, { kind: "file", directory: "/target", name: "f" });
    directory.fail("createFile", new SystemCallError(EACCES));
    assertThrows(() => writer.create("f"), FileError);
    assertEquals(directory.calls, ["createFile"]);
  });

  it("sets attributes, flushes and closes the file before it renames it", () => {
    const directory = new LoggedDirectory();
    directory.writer({ fsync: true, statAfterWrite: true }).commit("temporary", "f", ATTRIBUTES, undefined);
    const steps = ["examineReplaced", "setAttributes", "sync", "snapshot", "closeForRename", "rename", "close"];
    assertEquals(directory.calls, steps);
  });

  it("backs up the replaced file directly before the rename, and reports the backup once", () => {
    const directory = new LoggedDirectory();
    const writer = directory.writer({ keepBackups: true });
    writer.commit("temporary", "f", ATTRIBUTES, undefined);
    const name = encodeName("f");
    const backup = [`remove ${unverifiedName(name)}`, `linkReplaced ${backupName("t", name)}`];
    assertEquals(directory.calls.slice(-4), [...backup, "rename", "close"]);
    assertEquals(writer.takeBackups(), [{ root: 0, path: "sub/f", identity: { dev: 1, inode: 2 } }]);
    assertEquals(writer.takeBackups(), []);
  });

  for (const step of ["examineReplaced", "setAttributes", "closeForRename", "rename"]) {
    it(`removes the temporary file if ${step} fails`, () => {
      const directory = new LoggedDirectory();
      const writer = directory.writer();
      directory.fail(step, new SystemCallError(ENOSPC));
      const { message } = assertThrows(() => writer.commit("temporary", "f", ATTRIBUTES, undefined), FileError);
      assertEquals(message, 'Cannot write "/target/f": No space left on device');
      assertEquals(directory.calls.slice(-3), [step, "discard", "close"]);
    });
  }

  it("opens an existing file in place only for the failure that refused its name", () => {
    const directory = new LoggedDirectory();
    const writer = directory.writer();
    directory.fail("rename", new SystemCallError(EBUSY));
    const refusal = assertThrows(() => writer.commit("temporary", "f", ATTRIBUTES, undefined), FileError);
    const full = new FileError("write", "/target/f", "No space left on device", { code: "ENOSPC" });
    assertEquals(assertThrows(() => writer.openRefused("f", full)), full);
    assertEquals(directory.calls.includes("openStaged"), false);
    assertEquals(writer.openRefused("f", refusal).staged, "opened");
  });

  it("leaves the temporary name alone if it refers to another file", () => {
    const directory = new LoggedDirectory();
    const writer = directory.writer();
    directory.fail("closeForRename", planted("write", "/target/f"));
    assertThrows(() => writer.commit("temporary", "f", ATTRIBUTES, undefined), FileError);
    assertEquals(directory.calls.slice(-2), ["closeForRename", "close"]);
  });

  it("commits a link without attributes", () => {
    const directory = new LoggedDirectory();
    directory.writer().commitLink("temporary", "link");
    assertEquals(directory.calls, ["examineReplaced", "rename", "close"]);
  });

  it("refuses records before a directory is entered, and after a failure to enter one", () => {
    const directory = new LoggedDirectory();
    const writer = directory.writer();
    directory.fail("enter", new FileError("create", "/target/x", "Not a directory"));
    assertThrows(() => writer.enter(0, "x", { create: true }), FileError);
    assertThrows(() => writer.root, ProtocolError);
  });
});
