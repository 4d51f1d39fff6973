import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { crc32 } from "../../../src/protocol/crc32.ts";
import { decodeJournal, JOURNAL_RECORD_BYTES } from "../../../src/resume/partial/journal.ts";
import { type ResumableSource } from "../../../src/files/engine/partial_file.ts";
import { JournalWriter } from "../../../src/resume/partial/journal_writer.ts";
import { removeRecord } from "../../../src/resume/lock_record.ts";
import {
  bytesLeft,
  removeEarlier,
  startJournal,
  type TakenOver,
  takeOver,
  type TakeOverOptions,
} from "../../../src/resume/partial/take_over.ts";
import { TemporaryNames } from "../../../src/files/path/temporary_names.ts";
import { RandomBytes, randomBytes } from "../../support/files/random_bytes.ts";
import { isNativeHere, TempDirectory } from "../../files/file_engines.ts";
import { fileOfDescriptor, openDescriptors } from "../../../src/native/process/descriptors.ts";

const BLOCK = 100_000;
const CONTENTS = randomBytes(5 * BLOCK + 17, "contents");
const SOURCE: ResumableSource = { size: CONTENTS.length, mtime: 1_700_000_000, mtimeNs: 5, identity: "1:2" };

/** A state directory and a target directory. */
class Place implements Disposable {
  readonly temp = new TempDirectory();
  readonly directory = this.temp.directory("target");
  readonly record = `${this.temp.directory("state")}/record`;
  readonly about = { record: this.record, target: "/real/big" };

  /** Path of the only partial file. */
  get partial(): string {
    const [name, ...others] = this.names;
    assertEquals(others, []);
    return `${this.directory}/${name}`;
  }

  /** Names in the target directory. */
  get names(): string[] {
    return this.temp.list("target");
  }

  /** Paths of the open files, below the temporary directory; none on systems without /proc. */
  get open(): string[] {
    const paths = isNativeHere ? openDescriptors().map((descriptor) => fileOfDescriptor(descriptor) ?? "") : [];
    return paths.filter((path) => path.startsWith(this.temp.path)).map((path) => path.replace(this.temp.path, ""));
  }

  take(source = SOURCE, options: TakeOverOptions = {}) {
    return takeOver(this.directory, this.about, source, options);
  }

  /** Closes the files, as the exit of a process does. */
  static close(taken: TakenOver | undefined): void {
    taken?.journal.close();
    taken?.lock.close();
  }

  [Symbol.dispose](): void {
    this.temp[Symbol.dispose]();
  }
}

/** Starts or resumes the file, writes these blocks, and abandons it. Returns the ranges that were kept at the start. */
async function leave(place: Place, blocks: number[], source = SOURCE) {
  const taken = (await place.take(source))!;
  const journal = new JournalWriter(place.record);
  using file = Deno.openSync(`${place.directory}/${taken.partial.name}`, { write: true });
  for (const block of blocks) {
    const [start, end] = [block * BLOCK, Math.min(CONTENTS.length, (block + 1) * BLOCK)];
    file.seekSync(start, Deno.SeekMode.Start);
    file.writeSync(CONTENTS.subarray(start, end));
    journal.append(start, end, crc32(CONTENTS, start, end));
  }
  journal.close();
  Place.close(taken);
  return taken.kept;
}

/** Returns the blocks that the next copy keeps. */
async function found(place: Place, source = SOURCE): Promise<[number, number][] | undefined> {
  const taken = await place.take(source);
  Place.close(taken);
  for (const { start, end, crc32: sum } of taken?.kept ?? []) assertEquals(sum, crc32(CONTENTS, start, end));
  return taken?.kept.map(({ start, end }) => [start / BLOCK, end / BLOCK]);
}

const headerBytes = (place: Place) => decodeJournal(Deno.readFileSync(place.record))!.headerBytes;

const flip = (path: string, at: number) => {
  using file = Deno.openSync(path, { read: true, write: true });
  const byte = new Uint8Array(1);
  file.seekSync(at, Deno.SeekMode.Start);
  file.readSync(byte);
  byte[0] ^= 1;
  file.seekSync(at, Deno.SeekMode.Start);
  file.writeSync(byte);
};

describe("takeOver", () => {
  it("creates a partial file of full size, and a journal elsewhere, both only for their owner", async () => {
    using place = new Place();
    assertEquals(await leave(place, []), []);
    assertEquals(place.names.length, 1);
    assertEquals(Deno.statSync(place.partial).size, CONTENTS.length);
    if (Deno.build.os === "windows") return;
    for (const path of [place.partial, place.record]) assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
  });

  it("gives each partial file a different random name", async () => {
    const names = new Set<string>();
    for (let count = 0; count < 3; count++) {
      using place = new Place();
      await leave(place, []);
      names.add(place.names[0]);
    }
    assertEquals(names.size, 3);
  });

  it("does not touch a file that replaces a new partial file at once", async () => {
    using place = new Place();
    const { lock } = Deno.FsFile.prototype;
    let locks = 0;
    Deno.FsFile.prototype.lock = function (exclusive) {
      // The first lock is for the journal.
      if (++locks === 2) {
        const path = place.partial;
        Deno.removeSync(path);
        Deno.writeTextFileSync(path, "planted");
      }
      return lock.call(this, exclusive);
    };
    try {
      assertEquals(await place.take(), undefined);
    } finally {
      Deno.FsFile.prototype.lock = lock;
    }
    assertEquals(Deno.readTextFileSync(place.partial), "planted");
  });

  it("keeps an earlier partial file and its record if there are too many open files", async () => {
    const { openSync } = Deno;
    for (const failing of [1, 2, 3]) {
      using place = new Place();
      await leave(place, [0, 1]);
      let opened = 0;
      // The journal, the partial file, and the partial file again to verify it.
      Deno.openSync = (path, options) => {
        if (++opened === failing) throw new Error(`Too many open files (os error 24): open '${path}'`);
        return openSync(path, options);
      };
      try {
        assertEquals(await place.take(), undefined, `open ${failing}`);
      } finally {
        Deno.openSync = openSync;
      }
      assertEquals(place.open, []);
      assertEquals(await found(place), [[0, 2]], `open ${failing}`);
    }
  });

  it("verifies an earlier partial file with the descriptors that are left", async () => {
    using place = new Place();
    await leave(place, [0, 1]);
    const { openSync } = Deno;
    let opened = 0;
    Deno.openSync = (path, options) => {
      if (++opened === 4) throw new Error(`Too many open files (os error 24): open '${path}'`);
      return openSync(path, options);
    };
    try {
      assertEquals(await found(place), [[0, 2]]);
    } finally {
      Deno.openSync = openSync;
    }
  });

  it("removes a new partial file that it cannot lock, and leaves no journal", async () => {
    using place = new Place();
    const { lock } = Deno.FsFile.prototype;
    let locks = 0;
    Deno.FsFile.prototype.lock = function (exclusive) {
      // The first lock is for the journal.
      return ++locks === 2 ? new Promise(() => {}) : lock.call(this, exclusive);
    };
    try {
      assertEquals(await place.take(), undefined);
    } finally {
      Deno.FsFile.prototype.lock = lock;
    }
    assertEquals([place.names, place.temp.list("state"), place.open], [[], [], []]);
  });

  it("leaves nothing open if it cannot examine a new partial file", async () => {
    using place = new Place();
    const { openSync } = Deno;
    Deno.openSync = (path, options) => {
      const file = openSync(path, options);
      if (`${path}`.startsWith(`${place.directory}/`)) {
        file.statSync = () => {
          delete (file as Partial<Deno.FsFile>).statSync;
          throw new Error("Input/output error (os error 5)");
        };
      }
      return file;
    };
    try {
      assertEquals(await place.take(), undefined);
    } finally {
      Deno.openSync = openSync;
    }
    assertEquals([place.names, place.temp.list("state"), place.open], [[], [], []]);
  });

  it("reports the bytes that are verified, and that they are done", async () => {
    using place = new Place();
    const reported: number[] = [];
    const checking = (bytes: number) => void reported.push(bytes);
    Place.close(await place.take(SOURCE, { checking }));
    assertEquals(reported, []);
    await leave(place, [3, 0, 1]);
    Place.close(await place.take(SOURCE, { checking }));
    assertEquals(reported, [3 * BLOCK, -3 * BLOCK]);
  });

  it("resumes with the recorded blocks, repeatedly", async () => {
    using place = new Place();
    await leave(place, [3, 0, 1]);
    assertEquals(await leave(place, [5]).then((kept) => kept.length), 2);
    assertEquals(await found(place), [[0, 2], [3, 4], [5, CONTENTS.length / BLOCK]]);
  });

  it("resumes with few descriptors, if the partial file cannot be opened several times", async () => {
    using place = new Place();
    await leave(place, [0, 1, 2, 3]);
    const { partial } = place;
    const { openSync } = Deno;
    let opened = 0;
    Deno.openSync = (path, options) => {
      // The first is locked, the second is read.
      if (path === partial && ++opened > 2) throw new Error("Too many open files (os error 24)");
      return openSync(path, options);
    };
    try {
      assertEquals(await found(place), [[0, 4]]);
    } finally {
      Deno.openSync = openSync;
    }
    assertEquals([opened, place.open], [3, []]);
  });

  it("drops only the blocks whose checksums do not match", async () => {
    using place = new Place();
    await leave(place, [0, 1, 2, 3, 4, 5]);
    flip(place.partial, 3 * BLOCK - 1);
    assertEquals(await found(place), [[0, 2], [3, CONTENTS.length / BLOCK]]);
    // The journal does not contain the block any more either.
    assertEquals(Deno.statSync(place.record).size, headerBytes(place) + 5 * JOURNAL_RECORD_BYTES);
    flip(place.partial, 3 * BLOCK - 1);
    assertEquals(await found(place), [[0, 2], [3, CONTENTS.length / BLOCK]]);
  });

  it("truncates an incomplete record, so that more records can be appended", async () => {
    using place = new Place();
    await leave(place, [0, 1]);
    Deno.truncateSync(place.record, headerBytes(place) + JOURNAL_RECORD_BYTES + 7);
    await leave(place, [4]);
    assertEquals(await found(place), [[0, 1], [4, 5]]);
  });

  for (
    const [what, other] of [["size", { size: CONTENTS.length + 1 }], ["time", { mtimeNs: 6 }], ["identity", {
      identity: "1:3",
    }]] as const
  ) {
    it(`starts over if the source has another ${what}, and removes the old partial file`, async () => {
      using place = new Place();
      await leave(place, [0, 1, 2]);
      const before = place.partial;
      const source = { ...SOURCE, ...other };
      assertEquals(await found(place, source), []);
      assertNotEquals(place.partial, before);
      assertEquals(Deno.statSync(place.partial).size, source.size);
      assertEquals(Deno.readFileSync(place.partial).some((byte) => byte !== 0), false);
    });
  }

  it("keeps bytes without a record only if the copy can compare them", async () => {
    using place = new Place();
    await leave(place, []);
    const take = async (source: ResumableSource, compares: boolean) => {
      Deno.writeFileSync(place.partial, CONTENTS);
      const taken = (await place.take(source, { compares }))!;
      Place.close(taken);
      assertEquals(taken.kept, []);
      const isLeft = Deno.readFileSync(place.partial).some((byte) => byte !== 0);
      assertEquals(isLeft, taken.continued);
      return isLeft;
    };
    assertEquals(await take(SOURCE, true), true);
    assertEquals(await take(SOURCE, false), false);
    assertEquals(await take(SOURCE, true), true);
    assertEquals(await take({ ...SOURCE, mtimeNs: 6 }, true), false);
    // The partial file belongs to the new source now. A missing file or another size is not resumed.
    assertEquals(await take({ ...SOURCE, mtimeNs: 6 }, true), true);
    for (const spoil of [Deno.removeSync, (path: string) => Deno.truncateSync(path, BLOCK)]) {
      spoil(place.partial);
      const taken = (await place.take({ ...SOURCE, mtimeNs: 6 }, { compares: true }))!;
      Place.close(taken);
      assertEquals([taken.continued, Deno.statSync(place.partial).size], [false, SOURCE.size]);
    }
  });

  it("returns the recorded ranges to a copy that can compare, and that there may be more", async () => {
    using place = new Place();
    await leave(place, [1, 3]);
    flip(place.partial, BLOCK);
    const taken = (await place.take(SOURCE, { compares: true }))!;
    Place.close(taken);
    assertEquals(taken.kept.map(({ start, end }) => [start / BLOCK, end / BLOCK]), [[3, 4]]);
    assertEquals(taken.continued, true);
  });

  it("starts over if the journal or the partial file is missing, truncated or replaced", async () => {
    const spoil: ((place: Place) => void)[] = [
      ({ partial }) => Deno.removeSync(partial),
      ({ partial }) => Deno.truncateSync(partial, BLOCK),
      ({ partial }) => Deno.writeFileSync(partial, new Uint8Array(CONTENTS.length)),
      ({ record, partial }) => [record, partial].forEach((path) => Deno.removeSync(path)),
      ({ record, partial }) => {
        Deno.removeSync(partial);
        Deno.truncateSync(record, 100);
      },
      ({ record, partial }) => {
        Deno.removeSync(partial);
        Deno.writeFileSync(record, randomBytes(2000, "noise"));
      },
    ];
    for (const [index, act] of spoil.entries()) {
      using place = new Place();
      await leave(place, [0, 1, 2]);
      act(place);
      assertEquals(await found(place), [], `case ${index}`);
      assertEquals(await leave(place, [1]), []);
      assertEquals(await found(place), [[1, 2]], `case ${index}`);
    }
  });

  it("keeps only bytes of the source, wherever the journal is truncated or changed", async () => {
    using place = new Place();
    await leave(place, [0, 2, 3]);
    const [journal, partial] = [place.record, place.partial].map((path) => Deno.readFileSync(path));
    const path = place.partial;
    const random = new RandomBytes("journal");
    const damaged = [
      ...Array.from(journal, (_, length) => journal.slice(0, length)),
      ...Array.from(journal, (byte, at) => {
        const bytes = journal.slice();
        bytes[at] = byte ^ (1 + random.below(255));
        return bytes;
      }),
    ];
    for (const bytes of damaged) {
      Deno.writeFileSync(place.record, bytes);
      Deno.writeFileSync(path, partial);
      const taken = (await place.take())!;
      Place.close(taken);
      const own = `${place.directory}/${taken.partial.name}`;
      const there = Deno.readFileSync(own);
      assertEquals(there.length, CONTENTS.length);
      for (const { start, end, crc32: sum } of taken.kept) {
        assertEquals(sum, crc32(CONTENTS, start, end));
        assertEquals(crc32(there, start, end), sum);
      }
      if (own !== path) Deno.removeSync(own);
    }
  });

  it("does not touch files in use by another copy, and takes them over afterwards", async () => {
    using place = new Place();
    await leave(place, [0]);
    const first = await place.take();
    assertEquals(await found(place), undefined);
    await removeEarlier(place.directory, place.about);
    assertEquals(place.names.length, 1);
    Place.close(first);
    assertEquals(await found(place), [[0, 1]]);
  });

  it("waits for a copy that is about to exit, and does not take over files that it removes", async () => {
    using place = new Place();
    await leave(place, [0]);
    const first = await place.take();
    const second = place.take();
    // The second copy already waits for the lock, because it opens the journal before its first await.
    Deno.removeSync(place.partial);
    first!.lock.close();
    removeRecord(place.record, first!.journal);
    const taken = await second;
    assertEquals(taken?.kept, []);
    Place.close(taken);
    assertEquals(place.names, [taken!.partial.name]);
    assert(Deno.statSync(place.record).isFile);
  });

  const SWAPS: [what: string, swap: (partial: string) => void][] = [
    ["another file with the same bytes", (partial) => {
      Deno.copyFileSync(partial, `${partial}~`);
      Deno.renameSync(`${partial}~`, partial);
    }],
    ["a symbolic link to the partial file", (partial) => {
      Deno.renameSync(partial, `${partial}~`);
      Deno.symlinkSync(`${partial}~`, partial);
    }],
    ["a partial file with a second name", (partial) => Deno.linkSync(partial, `${partial}~`)],
  ];
  for (const [what, swap] of SWAPS) {
    it(`neither uses nor touches ${what}`, { ignore: Deno.build.os === "windows" }, async () => {
      using place = new Place();
      await leave(place, [0, 1]);
      const { partial } = place;
      swap(partial);
      const before = Deno.readFileSync(partial);
      assertEquals(await bytesLeft(place.directory, place.about), 0);
      const taken = (await place.take(SOURCE, { compares: true }))!;
      Place.close(taken);
      assertEquals([taken.kept, taken.continued], [[], false]);
      assertNotEquals(`${place.directory}/${taken.partial.name}`, partial);
      await removeEarlier(place.directory, place.about);
      assertEquals(Deno.readFileSync(partial), before);
      assert(!place.names.includes(taken.partial.name));
    });
  }

  it("returns undefined if the partial file or the journal cannot be created", async () => {
    using place = new Place();
    assertEquals(await takeOver("/nowhere/at/all", place.about, SOURCE), undefined);
    assertEquals(place.temp.list("state"), []);
    const about = { ...place.about, record: "/nowhere/at/all" };
    assertEquals(await takeOver(place.directory, about, SOURCE), undefined);
    assertEquals(place.names, []);
    await removeEarlier("/nowhere/at/all", about);
  });
});

describe("startJournal", () => {
  const NAME = new TemporaryNames("test").next();

  /** Starts the journal of a partial file after `spoil`, and returns the result. */
  async function start(place: Place, spoil: (path: string) => void) {
    const path = place.temp.write(`target/${NAME}`);
    const { dev, ino } = Deno.statSync(path);
    spoil(path);
    return await startJournal(place.directory, place.about, SOURCE, {
      temporary: NAME,
      identity: { dev, inode: ino! },
    });
  }

  it("locks the partial file and its journal", async () => {
    using place = new Place();
    const started = await start(place, () => {});
    assertEquals(decodeJournal(Deno.readFileSync(place.record))?.header.partial.name, NAME);
    assertEquals(place.open.length, isNativeHere ? 2 : 0);
    Place.close(started);
  });

  const SPOILT: [what: string, spoil: (path: string) => void][] = [
    ["is missing", (path) => Deno.removeSync(path)],
    ["has a second name", (path) => Deno.linkSync(path, `${path}~`)],
    ["was replaced by a directory", (path) => {
      Deno.removeSync(path);
      Deno.mkdirSync(path);
    }],
    ["was replaced by another file", (path) => {
      Deno.renameSync(path, `${path}~`);
      Deno.writeTextFileSync(path, "planted");
    }],
  ];
  for (const [what, spoil] of SPOILT) {
    it(`leaves no journal and nothing open if the partial file ${what}`, {
      ignore: Deno.build.os === "windows",
    }, async () => {
      using place = new Place();
      assertEquals(await start(place, spoil), undefined);
      assertEquals([place.temp.list("state"), place.open], [[], []]);
    });
  }

  it("leaves nothing open if the journal cannot be written", { ignore: Deno.build.os !== "linux" }, async () => {
    using place = new Place();
    const { writeSync } = Deno.FsFile.prototype;
    Deno.FsFile.prototype.writeSync = () => {
      throw new Error("No space left on device (os error 28)");
    };
    try {
      assertEquals(await start(place, () => {}), undefined);
    } finally {
      Deno.FsFile.prototype.writeSync = writeSync;
    }
    assertEquals([place.temp.list("state"), place.open], [[], []]);
  });

  it("leaves the journal of another copy", async () => {
    using place = new Place();
    await leave(place, [0]);
    const before = Deno.readFileSync(place.record);
    assertEquals(await start(place, () => {}), undefined);
    assertEquals([Deno.readFileSync(place.record), place.open], [before, []]);
  });
});

describe("removeEarlier", () => {
  it("removes the partial file and record of this target", async () => {
    using place = new Place();
    await leave(place, [0]);
    await removeEarlier(place.directory, { ...place.about, record: `${place.record}2` });
    assertEquals(place.names.length, 1);
    await removeEarlier(place.directory, place.about);
    assertEquals([place.names, place.temp.list("state")], [[], []]);
  });
});

describe("bytesLeft", () => {
  it("returns the disk usage of the partial file", async () => {
    using place = new Place();
    assertEquals(await bytesLeft(place.directory, place.about), 0);
    await leave(place, [0, 1]);
    assert(await bytesLeft(place.directory, place.about) >= 2 * BLOCK);
    assertEquals(await bytesLeft(place.directory, { ...place.about, target: "/real/other" }), 0);
  });
});
