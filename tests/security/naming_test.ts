import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { SharedNaming } from "../../src/files/native/target/naming.ts";
import { AT_FDCWD, type FileCalls, openFileCalls } from "../../src/native/file/calls.ts";
import { PinnedBuffer } from "../../src/native/file/pinned_buffer.ts";
import { Errno } from "../../src/native/libc/errno.ts";
import { encodeName } from "../../src/protocol/names.ts";
import { isNativeHere, TempDirectory } from "../files/file_engines.ts";

const EISDIR = 21;
const EINVAL = 22;

const CALLS = isNativeHere ? openFileCalls() : undefined;

type Writable<Calls> = { -readonly [Name in keyof Calls]: Calls[Name] };

/** A temporary file, an old file under the final name, and the calls that name files. */
class Scene implements Disposable {
  readonly directory = new TempDirectory();
  readonly calls: Writable<FileCalls> = { ...CALLS! };
  readonly #directory: number;
  readonly #place: number;
  readonly #names = ["temporary", "final"].map((name) => {
    const scratch = new PinnedBuffer(16);
    scratch.putName(encodeName(name));
    return scratch;
  });

  constructor(old?: string) {
    this.directory.write("temporary", "new");
    if (old !== undefined) this.directory.write("final", old);
    this.#directory = this.#open(AT_FDCWD, this.directory.path, this.calls.flags.path);
    this.#place = this.#open(this.#directory, "temporary", this.calls.flags.path);
  }

  give(): number {
    const [temporary, final] = this.#names.map(({ address }) => address);
    return new SharedNaming(this.calls).renameOpen(this.#place, this.#directory, temporary, final);
  }

  /** Exchanges a file, as any user can who may write to the directory. */
  plant(name: string): void {
    Deno.removeSync(this.directory.at(name));
    this.directory.write(name, "planted");
  }

  /** Returns all names with their contents. */
  contents(): Record<string, string> {
    return Object.fromEntries(
      this.directory.list().map((name) => [name, Deno.readTextFileSync(this.directory.at(name))]),
    );
  }

  [Symbol.dispose](): void {
    for (const descriptor of [this.#place, this.#directory]) this.calls.close(descriptor);
    this.directory[Symbol.dispose]();
  }

  #open(directory: number, name: string, flags: number): number {
    const scratch = new PinnedBuffer(256);
    return this.calls.openat(directory, scratch.putName(encodeName(name)), flags, 0);
  }
}

describe("final names in a shared directory", { ignore: !isNativeHere }, () => {
  it("the open file gets the final name, whether another file has it or not", () => {
    for (const old of ["old", undefined]) {
      using scene = new Scene(old);
      assertEquals([scene.give(), scene.contents()], [0, { final: "new" }]);
    }
  });

  it("the open file gets the final name on a file system without renameat2(2)", () => {
    for (const old of ["old", undefined]) {
      for (const missing of ["renameNew", "exchange"] as const) {
        using scene = new Scene(old);
        const { errno: last } = scene.calls;
        scene.calls[missing] = () => {
          scene.calls.errno = () => {
            scene.calls.errno = last;
            return EINVAL;
          };
          return -1;
        };
        assertEquals([scene.give(), scene.contents()], [0, { final: "new" }], missing);
      }
    }
  });

  it("the old file gets its name back if a planted file was renamed", () => {
    using scene = new Scene("old");
    const { exchange } = scene.calls;
    let times = 0;
    scene.calls.exchange = (...values) => {
      if (times++ === 0) scene.plant("temporary");
      return exchange(...values);
    };
    assertEquals([scene.give(), scene.contents()], [Errno.ESTALE, { final: "old", temporary: "planted" }]);
  });

  it("a planted file does not keep a name that was free", () => {
    using scene = new Scene();
    const { renameNew } = scene.calls;
    let times = 0;
    scene.calls.renameNew = (...values) => {
      if (times++ === 0) scene.plant("temporary");
      return renameNew(...values);
    };
    assertEquals([scene.give(), scene.contents()], [Errno.ESTALE, { temporary: "planted" }]);
  });

  it("a directory that appears under the final name stays", () => {
    using scene = new Scene("old");
    const { exchange } = scene.calls;
    let times = 0;
    scene.calls.exchange = (...values) => {
      if (times++ === 0) {
        Deno.removeSync(scene.directory.at("final"));
        scene.directory.directory("final");
      }
      return exchange(...values);
    };
    assertEquals(scene.give(), EISDIR);
    assertEquals(Deno.statSync(scene.directory.at("final")).isDirectory, true);
  });
});
