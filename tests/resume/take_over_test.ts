import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { crc32 } from "../../src/protocol/crc32.ts";
import type { ResumableSource } from "../../src/resume/journal.ts";
import { JOURNAL_HEADER_BYTES, JOURNAL_RECORD_BYTES } from "../../src/resume/journal.ts";
import { JournalWriter } from "../../src/resume/journal_writer.ts";
import { removeJournal } from "../../src/resume/lock_journal.ts";
import { namesOfJournal, partialNames } from "../../src/resume/partial_names.ts";
import { removeEarlier, takeOver } from "../../src/resume/take_over.ts";
import { RandomBytes, randomBytes } from "../support/random_bytes.ts";
import { TempFolder } from "../files/file_engines.ts";

const BLOCK = 100_000;
const CONTENTS = randomBytes(5 * BLOCK + 17, "contents");
const SOURCE: ResumableSource = { size: CONTENTS.length, mtime: 1_700_000_000, mtimeNs: 5, identity: "1:2" };
const NAMES = partialNames("big");

/** Begins the file, writes these blocks of it, and leaves it. Returns what was kept at its beginning. */
async function leave(temp: TempFolder, blocks: number[], source = SOURCE) {
  const taken = (await takeOver(temp.path, "big", source))!;
  const journal = new JournalWriter(temp.at(taken.names.journal));
  using file = Deno.openSync(temp.at(taken.names.partial), { write: true });
  for (const block of blocks) {
    const [start, end] = [block * BLOCK, Math.min(CONTENTS.length, (block + 1) * BLOCK)];
    file.seekSync(start, Deno.SeekMode.Start);
    file.writeSync(CONTENTS.subarray(start, end));
    journal.append(start, end, crc32(CONTENTS, start, end));
  }
  journal.close();
  taken.journal.close();
  return taken.kept;
}

/** What the next copy finds. */
async function found(temp: TempFolder, source = SOURCE): Promise<[number, number][] | undefined> {
  const taken = await takeOver(temp.path, "big", source);
  taken?.journal.close();
  for (const { start, end, crc32: sum } of taken?.kept ?? []) assertEquals(sum, crc32(CONTENTS, start, end));
  return taken?.kept.map(({ start, end }) => [start / BLOCK, end / BLOCK]);
}

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
  it("begins with a partial file of the full size that only its owner may read", async () => {
    using temp = new TempFolder();
    assertEquals(await leave(temp, []), []);
    assertEquals(temp.list(), [NAMES.journal, NAMES.partial].sort());
    assertEquals(Deno.statSync(temp.at(NAMES.partial)).size, CONTENTS.length);
    if (Deno.build.os !== "windows") {
      for (const name of temp.list()) assertEquals(Deno.statSync(temp.at(name)).mode! & 0o777, 0o600);
    }
  });

  it("goes on with what was noted, and again after that", async () => {
    using temp = new TempFolder();
    await leave(temp, [3, 0, 1]);
    assertEquals(await leave(temp, [5]).then((kept) => kept.length), 2);
    assertEquals(await found(temp), [[0, 2], [3, 4], [5, CONTENTS.length / BLOCK]]);
  });

  it("drops a block that is not what was noted, and only that", async () => {
    using temp = new TempFolder();
    await leave(temp, [0, 1, 2, 3, 4, 5]);
    flip(temp.at(NAMES.partial), 3 * BLOCK - 1);
    assertEquals(await found(temp), [[0, 2], [3, CONTENTS.length / BLOCK]]);
    // Nor does the journal claim it any more.
    const { size } = Deno.statSync(temp.at(NAMES.journal));
    assertEquals(size, JOURNAL_HEADER_BYTES + 5 * JOURNAL_RECORD_BYTES);
    flip(temp.at(NAMES.partial), 3 * BLOCK - 1);
    assertEquals(await found(temp), [[0, 2], [3, CONTENTS.length / BLOCK]]);
  });

  it("cuts off a record that was not written to its end, so that more can be noted", async () => {
    using temp = new TempFolder();
    await leave(temp, [0, 1]);
    Deno.truncateSync(temp.at(NAMES.journal), JOURNAL_HEADER_BYTES + JOURNAL_RECORD_BYTES + 7);
    await leave(temp, [4]);
    assertEquals(await found(temp), [[0, 1], [4, 5]]);
  });

  for (
    const [what, other] of [["size", { size: CONTENTS.length + 1 }], ["time", { mtimeNs: 6 }], ["identity", {
      identity: "1:3",
    }]] as const
  ) {
    it(`starts over when the source has another ${what}`, async () => {
      using temp = new TempFolder();
      await leave(temp, [0, 1, 2]);
      const source = { ...SOURCE, ...other };
      assertEquals(await found(temp, source), []);
      assertEquals(Deno.statSync(temp.at(NAMES.partial)).size, source.size);
      assertEquals(Deno.readFileSync(temp.at(NAMES.partial)).some((byte) => byte !== 0), false);
    });
  }

  it("leaves what nobody has noted to whoever can compare it, and to nobody else", async () => {
    using temp = new TempFolder();
    await leave(temp, []);
    const partial = temp.at(NAMES.partial);
    const take = async (source: ResumableSource, compares: boolean) => {
      Deno.writeFileSync(partial, CONTENTS);
      const taken = (await takeOver(temp.path, "big", source, { compares }))!;
      taken.journal.close();
      assertEquals(taken.kept, []);
      const isLeft = Deno.readFileSync(partial).some((byte) => byte !== 0);
      assertEquals(isLeft, taken.continued);
      return isLeft;
    };
    assertEquals(await take(SOURCE, true), true);
    assertEquals(await take(SOURCE, false), false);
    assertEquals(await take(SOURCE, true), true);
    assertEquals(await take({ ...SOURCE, mtimeNs: 6 }, true), false);
    // Of that source it is now; and a file of another size is none of its.
    assertEquals(await take({ ...SOURCE, mtimeNs: 6 }, true), true);
    Deno.removeSync(partial);
    const taken = (await takeOver(temp.path, "big", { ...SOURCE, mtimeNs: 6 }, { compares: true }))!;
    taken.journal.close();
    assertEquals([taken.continued, Deno.statSync(partial).size], [false, SOURCE.size]);
    Deno.truncateSync(partial, BLOCK);
    const again = (await takeOver(temp.path, "big", { ...SOURCE, mtimeNs: 6 }, { compares: true }))!;
    again.journal.close();
    assertEquals([again.continued, Deno.statSync(partial).size], [false, SOURCE.size]);
  });

  it("tells whoever compares what was noted, and that there may be more", async () => {
    using temp = new TempFolder();
    await leave(temp, [1, 3]);
    flip(temp.at(NAMES.partial), BLOCK);
    const taken = (await takeOver(temp.path, "big", SOURCE, { compares: true }))!;
    taken.journal.close();
    assertEquals(taken.kept.map(({ start, end }) => [start / BLOCK, end / BLOCK]), [[3, 4]]);
    assertEquals(taken.continued, true);
  });

  it("starts over when journal or partial file are missing, cut or foreign to each other", async () => {
    const spoil: ((temp: TempFolder) => void)[] = [
      (temp) => Deno.removeSync(temp.at(NAMES.journal)),
      (temp) => Deno.removeSync(temp.at(NAMES.partial)),
      (temp) => Deno.truncateSync(temp.at(NAMES.partial), BLOCK),
      (temp) => Deno.truncateSync(temp.at(NAMES.journal), 100),
      (temp) => Deno.writeFileSync(temp.at(NAMES.journal), randomBytes(2000, "noise")),
      (temp) => Deno.writeFileSync(temp.at(NAMES.partial), new Uint8Array(CONTENTS.length)),
    ];
    for (const [index, act] of spoil.entries()) {
      using temp = new TempFolder();
      await leave(temp, [0, 1, 2]);
      act(temp);
      assertEquals(await found(temp), [], `case ${index}`);
      assertEquals(await leave(temp, [1]), []);
      assertEquals(await found(temp), [[1, 2]], `case ${index}`);
    }
  });

  it("keeps only bytes of the source, wherever its journal is cut or a byte of it is changed", async () => {
    using temp = new TempFolder();
    await leave(temp, [0, 2, 3]);
    const [journal, partial] = [NAMES.journal, NAMES.partial].map((name) => Deno.readFileSync(temp.at(name)));
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
      Deno.writeFileSync(temp.at(NAMES.journal), bytes);
      Deno.writeFileSync(temp.at(NAMES.partial), partial);
      const taken = (await takeOver(temp.path, "big", SOURCE))!;
      taken.journal.close();
      const there = Deno.readFileSync(temp.at(NAMES.partial));
      assertEquals(there.length, CONTENTS.length);
      for (const { start, end, crc32: sum } of taken.kept) {
        assertEquals(sum, crc32(CONTENTS, start, end));
        assertEquals(crc32(there, start, end), sum);
      }
    }
  });

  it("leaves alone what another copy has, and takes it when that one is gone", async () => {
    using temp = new TempFolder();
    await leave(temp, [0]);
    const first = await takeOver(temp.path, "big", SOURCE);
    assertEquals(await found(temp), undefined);
    await removeEarlier(temp.path, "big");
    assertEquals(temp.list().length, 2);
    first!.journal.close();
    assertEquals(await found(temp), [[0, 1]]);
  });

  it("waits a moment for one that is about to go, and does not take over what that one has removed", async () => {
    using temp = new TempFolder();
    await leave(temp, [0]);
    const first = await takeOver(temp.path, "big", SOURCE);
    const second = takeOver(temp.path, "big", SOURCE);
    // The second one waits for the lock by now: it has opened the journal before its first await.
    Deno.removeSync(temp.at(NAMES.partial));
    removeJournal(temp.at(NAMES.journal), first!.journal);
    const taken = await second;
    assertEquals(taken?.kept, []);
    taken!.journal.close();
    assertEquals(temp.list(), [NAMES.journal, NAMES.partial].sort());
  });

  it(
    "touches nothing that a link leads to, or that has another name",
    { ignore: Deno.build.os === "windows" },
    async () => {
      for (const name of [NAMES.journal, NAMES.partial]) {
        for (const link of [Deno.symlinkSync, Deno.linkSync]) {
          using temp = new TempFolder();
          await leave(temp, [0]);
          const precious = Deno.readFileSync(temp.at(name));
          Deno.renameSync(temp.at(name), temp.at("precious"));
          link(temp.at("precious"), temp.at(name));
          assertEquals(await found(temp), undefined);
          await removeEarlier(temp.path, "big");
          assertEquals(Deno.readFileSync(temp.at("precious")), precious);
        }
      }
    },
  );

  it("does without where nothing can be made", async () => {
    assertEquals(await takeOver("/nowhere/at/all", "big", SOURCE), undefined);
    await removeEarlier("/nowhere/at/all", "big");
  });
});

describe("removeEarlier", () => {
  it("removes what was left of this name", async () => {
    using temp = new TempFolder();
    await leave(temp, [0]);
    await removeEarlier(temp.path, "other");
    assertEquals(temp.list().length, 2);
    await removeEarlier(temp.path, "big");
    assertEquals(temp.list(), []);
  });
});

describe("partialNames", () => {
  it("are the same for the same name, short, and others for another", () => {
    assertEquals(partialNames("big"), partialNames("big"));
    assert(partialNames("big").partial !== partialNames("big ").partial);
    for (const name of ["a", "ä".repeat(127), "\udcff"]) {
      const { partial, journal } = partialNames(name);
      assertEquals([partial.length, namesOfJournal(journal)], [27, { partial, journal }]);
    }
    assertEquals(namesOfJournal(".escp-00.journal"), undefined);
  });
});
