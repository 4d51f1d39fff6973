import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { AT_FDCWD, type FileCalls, openFileCalls } from "../../src/native/file_calls.ts";
import { Scratch } from "../../src/native/file_scratch.ts";
import { ESTALE, SharedNaming } from "../../src/files/native_naming.ts";
import { encodeName } from "../../src/protocol/names.ts";
import { isNativeHere, TempFolder } from "../files/file_engines.ts";

const EISDIR = 21;
const EINVAL = 22;

const CALLS = isNativeHere ? openFileCalls() : undefined;

type Writable<Calls> = { -readonly [Name in keyof Calls]: Calls[Name] };

/** A new file under a temporary name, what has its final name, and the calls that name files. */
class Scene implements Disposable {
  readonly folder = new TempFolder();
  readonly calls: Writable<FileCalls> = { ...CALLS! };
  readonly #directory: number;
  readonly #place: number;
  readonly #names = ["temporary", "final"].map((name) => {
    const scratch = new Scratch(16);
    scratch.putName(encodeName(name));
    return scratch;
  });

  constructor(old?: string) {
    this.folder.write("temporary", "new");
    if (old !== undefined) this.folder.write("final", old);
    this.#directory = this.#open(AT_FDCWD, this.folder.path, this.calls.flags.path);
    this.#place = this.#open(this.#directory, "temporary", this.calls.flags.path);
  }

  give(): number {
    const [temporary, final] = this.#names.map(({ address }) => address);
    return new SharedNaming(this.calls).give(this.#place, this.#directory, temporary, final);
  }

  /** What somebody else does who may write in the directory. */
  plant(name: string): void {
    Deno.removeSync(this.folder.at(name));
    this.folder.write(name, "planted");
  }

  /** Names with what is in them. */
  contents(): Record<string, string> {
    return Object.fromEntries(this.folder.list().map((name) => [name, Deno.readTextFileSync(this.folder.at(name))]));
  }

  [Symbol.dispose](): void {
    for (const descriptor of [this.#place, this.#directory]) this.calls.close(descriptor);
    this.folder[Symbol.dispose]();
  }

  #open(directory: number, name: string, flags: number): number {
    const scratch = new Scratch(256);
    return this.calls.openat(directory, scratch.putName(encodeName(name)), flags, 0);
  }
}

describe("the final name of a file where others can write", { ignore: !isNativeHere }, () => {
  it("is given to the file that is open, in the place of an old one or of none", () => {
    for (const old of ["old", undefined]) {
      using scene = new Scene(old);
      assertEquals([scene.give(), scene.contents()], [0, { final: "new" }]);
    }
  });

  it("is given where a file system has nothing but rename(2), too", () => {
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

  it("is not given to a file that has taken the temporary name: what had the final one has it again", () => {
    using scene = new Scene("old");
    const { exchange } = scene.calls;
    let times = 0;
    scene.calls.exchange = (...values) => {
      if (times++ === 0) scene.plant("temporary");
      return exchange(...values);
    };
    assertEquals([scene.give(), scene.contents()], [ESTALE, { final: "old", temporary: "planted" }]);
  });

  it("is not given to a file that has taken the temporary name of a new one", () => {
    using scene = new Scene();
    const { renameNew } = scene.calls;
    let times = 0;
    scene.calls.renameNew = (...values) => {
      if (times++ === 0) scene.plant("temporary");
      return renameNew(...values);
    };
    assertEquals([scene.give(), scene.contents()], [ESTALE, { temporary: "planted" }]);
  });

  it("stays that of a directory that comes there in between", () => {
    using scene = new Scene("old");
    const { exchange } = scene.calls;
    let times = 0;
    scene.calls.exchange = (...values) => {
      if (times++ === 0) {
        Deno.removeSync(scene.folder.at("final"));
        scene.folder.folder("final");
      }
      return exchange(...values);
    };
    assertEquals(scene.give(), EISDIR);
    assertEquals(Deno.statSync(scene.folder.at("final")).isDirectory, true);
  });
});
