/** Large files by the rules of both engines, in a directory of the native engine whose calls are counted or fail. */

import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError } from "../../../src/errors.ts";
import type { Partial, Resumable } from "../../../src/files/engine/partial_file.ts";
import type { TargetRoot } from "../../../src/files/engine/target_root.ts";
import { NativeCommits } from "../../../src/files/native/target/commits.ts";
import { NativeTargetDirectory } from "../../../src/files/native/target/directory.ts";
import { NativePartialCalls } from "../../../src/files/native/target/partial_calls.ts";
import { NativeStaging } from "../../../src/files/native/target/staging.ts";
import { AtomicWriter } from "../../../src/files/write/atomic_writer.ts";
import { PartialFiles } from "../../../src/files/write/partial_files.ts";
import { type FileCalls, openFileCalls } from "../../../src/native/file/calls.ts";
import { Errno, SystemCallError } from "../../../src/native/libc/errno.ts";
import { fileOfDescriptor, openDescriptors } from "../../../src/native/process/descriptors.ts";
import { isNativeHere, TempDirectory } from "../file_engines.ts";

const SIZE = 1000;
const SOURCE = { size: SIZE, mtime: 1_700_000_000, mtimeNs: 5, identity: "1:2" };
const ATTRIBUTES = { mode: 0o640, uid: 0, gid: 0, mtime: 1_500_000_000, mtimeNs: 5, atime: 1_500_000_000, atimeNs: 6 };
const CALLS = isNativeHere ? openFileCalls() : undefined;

/** Returns calls of which each openat(2) is interrupted once by a signal. */
function interruptedCalls(): FileCalls {
  let isInterrupted = false;
  return {
    ...CALLS!,
    openat(...values) {
      isInterrupted = !isInterrupted;
      return isInterrupted ? -1 : CALLS!.openat(...values);
    },
    errno: () => isInterrupted ? Errno.EINTR : CALLS!.errno(),
  };
}

/** A directory that counts its calls, and cannot be kept open without descriptors. */
class CountedDirectory extends NativeTargetDirectory {
  readonly counts = { enter: 0, isAppendOnly: 0 };
  hasDescriptors = true;

  override get isAppendOnly(): boolean {
    this.counts.isAppendOnly++;
    return super.isAppendOnly;
  }

  override enter(root: number, path: string, options: { create: boolean }): void {
    this.counts.enter++;
    super.enter(root, path, options);
  }

  override keepPlace(): { path: string; close(): void } {
    if (!this.hasDescriptors) throw new SystemCallError(Errno.EMFILE);
    return super.keepPlace();
  }
}

/** A target directory, a state directory, and the large files of a copy. */
class Scene implements Disposable {
  readonly temp = new TempDirectory();
  readonly directory: CountedDirectory;
  readonly files: PartialFiles<number, unknown>;
  readonly resumable: Resumable = {
    record: `${this.temp.directory("state")}/record`,
    target: this.temp.at("target/big"),
    source: SOURCE,
  };

  constructor(fileCalls: FileCalls = CALLS!) {
    const root: TargetRoot = { kind: "folder", path: this.temp.directory("target"), created: false };
    const options = { roots: [root], options: { preserve: false, umask: 0o022, token: "test" } };
    const directory = this.directory = new CountedDirectory(fileCalls, options, { openat2: true });
    const calls = {
      directory,
      staging: new NativeStaging(directory),
      commits: new NativeCommits(directory),
      partials: new NativePartialCalls(directory),
    };
    this.files = new PartialFiles(new AtomicWriter(calls, options));
  }

  async begin(resumable: Resumable = this.resumable): Promise<Partial> {
    return (await this.files.begin(0, "big", SIZE, { resumable })).partial;
  }

  /** Number of open files below the directories, without the target directory. */
  get open(): number {
    const paths = openDescriptors().map((descriptor) => fileOfDescriptor(descriptor) ?? "");
    return paths.filter((path) => path.startsWith(this.temp.path) && path !== this.temp.at("target")).length;
  }

  [Symbol.dispose](): void {
    this.files.abort({});
    this.directory.close();
    this.temp[Symbol.dispose]();
  }
}

describe("PartialFiles", { ignore: !isNativeHere }, () => {
  it("enters the directory of a new file once, and checks once whether its name can be created", async () => {
    for (const resumable of [undefined, { later: true }, { source: undefined }]) {
      using scene = new Scene();
      await scene.begin(resumable && { ...scene.resumable, ...resumable });
      assertEquals(scene.directory.counts, { enter: 1, isAppendOnly: 1 });
    }
  });

  it("creates, writes, reads and commits a file although signals interrupt the calls", async () => {
    using scene = new Scene(interruptedCalls());
    for (const later of [true, false]) {
      const partial = await scene.begin({ ...scene.resumable, later });
      if (later) await scene.files.startJournal(partial, scene.resumable, SOURCE);
      const writer = scene.files.open(partial);
      writer.writeAt(new Uint8Array(SIZE).fill(1), 0, SIZE, 0);
      writer.close();
      const reader = scene.files.read(partial);
      assertEquals(reader.readAt(new Uint8Array(SIZE), 0, SIZE, 0), SIZE);
      reader.close();
      scene.files.commit(partial, ATTRIBUTES);
    }
    assertEquals([scene.temp.list("target"), scene.temp.list("state")], [["big"], []]);
  });

  it("removes the journal of a file that is discarded after its directory was removed", async () => {
    using scene = new Scene();
    const { partial } = await scene.files.begin(0, "d/big", SIZE, { resumable: scene.resumable });
    assertEquals(scene.temp.list("state"), ["record"]);
    // The current directory stays open, so another one is entered.
    scene.files.discard(scene.files.create(0, "other/f", SIZE));
    Deno.removeSync(scene.temp.at("target/d"), { recursive: true });
    scene.files.discard(partial);
    scene.directory.close();
    assertEquals([scene.temp.list("state"), scene.temp.list("target"), scene.open], [[], ["other/"], 0]);
  });

  it("reports a file that replaces the partial file while it is flushed", async () => {
    using scene = new Scene();
    const partial = await scene.begin();
    const path = scene.temp.at(`target/${partial.temporary}`);
    const { openSync } = Deno;
    Deno.openSync = (...values) => {
      Deno.openSync = openSync;
      Deno.renameSync(path, scene.temp.at("hidden"));
      Deno.writeTextFileSync(path, "planted");
      return openSync(...values);
    };
    try {
      const { code } = await assertRejects(() => scene.files.sync(partial), FileError);
      assertEquals(code, "ESTALE");
    } finally {
      Deno.openSync = openSync;
    }
  });

  it("reports the file if its directory cannot be kept open", async () => {
    using scene = new Scene();
    scene.directory.hasDescriptors = false;
    const { message } = await assertRejects(() => scene.begin(), FileError);
    assertEquals(message, `Cannot write "${scene.temp.at("target/big")}": Too many open files`);
    const partial = await scene.begin({ ...scene.resumable, later: true });
    await assertRejects(() => scene.files.startJournal(partial, scene.resumable, SOURCE), FileError);
  });

  it("keeps a file with a late journal open once", async () => {
    using scene = new Scene();
    const partial = await scene.begin({ ...scene.resumable, later: true });
    assertEquals(scene.open, 1);
    assertEquals(await scene.files.startJournal(partial, scene.resumable, SOURCE), scene.resumable.record);
    // The partial file and its journal.
    assertEquals(scene.open, 2);
    scene.files.keep(partial);
    assertEquals(scene.open, 0);
  });

  it("leaves neither a journal nor an open file of a file that is abandoned while its journal is started", async () => {
    using scene = new Scene();
    const partial = await scene.begin({ ...scene.resumable, later: true });
    const starting = scene.files.startJournal(partial, scene.resumable, SOURCE);
    scene.files.keep(partial);
    assertEquals(await starting, undefined);
    assertEquals([scene.open, scene.temp.list("state")], [0, []]);
  });
});
