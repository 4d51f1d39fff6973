import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { DigestSet, Known } from "../../../src/resume/run/digest_set.ts";
import { FileDigests } from "../../../src/resume/run/file_digest.ts";
import { exactIdentity } from "../../../src/files/stat/file_identity.ts";
import { CompletionLog, type RunIdentity } from "../../../src/resume/run/completion_log.ts";
import { readDirectories, removeUnusedRecord } from "../../../src/resume/run/open_record.ts";
import { type CreatedDirectory, decodeEntries, decodeRunHeader } from "../../../src/resume/run/record.ts";
import { TempDirectory } from "../../files/file_engines.ts";

const IDENTITY: RunIdentity = { options: "usual options", bootId: "first", stable: false, compareKnown: false };
const DIGESTS = Uint32Array.of(1, 2, 3, 4, 0xffffffff, 0x80000000, 7, 8);
/** Bytes of an entry of two digests. */
const ENTRY_BYTES = 28 + 16;

const pathIn = (temp: TempDirectory) => temp.at("record");

async function open(temp: TempDirectory, identity: Partial<RunIdentity> = {}) {
  const log = await CompletionLog.open({ record: pathIn(temp), target: "/target" }, { create: true });
  log?.startRecording({ ...IDENTITY, ...identity });
  return log;
}

const headerBytes = (record: Uint8Array<ArrayBuffer>) => decodeRunHeader(record)!.headerBytes;

/** Simulates an interrupted run that records these digests. Returns its record. */
async function interrupted(temp: TempDirectory, digests = DIGESTS, identity: Partial<RunIdentity> = {}) {
  const log = (await open(temp, identity))!;
  log.addFiles(digests.subarray(0, 4));
  log.addFiles(digests.subarray(4));
  log.close();
  return Deno.readFileSync(pathIn(temp));
}

/** Returns what the next run knows of each digest. */
async function recalled(temp: TempDirectory, identity: Partial<RunIdentity> = {}, digests = DIGESTS) {
  const log = (await open(temp, identity))!;
  const known = knownOf(log, digests);
  log.close();
  return known;
}

function knownOf({ shared }: CompletionLog, digests: Uint32Array): number[] {
  const set = shared?.known && new DigestSet(shared.known);
  return Array.from({ length: digests.length / 2 }, (_, at) => set?.get(digests[2 * at], digests[2 * at + 1]) ?? 0);
}

/** Creates a directory, as a run does for a source. */
function directory(temp: TempDirectory, name: string): CreatedDirectory {
  const identity = exactIdentity(Deno.statSync(temp.directory(name)));
  return { source: { name, identity: { dev: 1, inode: 2 } }, ...identity };
}

const { no, perhaps, yes } = Known;

describe("CompletionLog", () => {
  it("finds the files that an earlier run has recorded, and no others", async () => {
    using temp = new TempDirectory();
    await interrupted(temp);
    assertEquals(await recalled(temp), [yes, yes, yes, yes]);
    assertEquals(await recalled(temp, {}, Uint32Array.of(1, 3, 3, 2, 2, 1, 0, 0)), [no, no, no, no]);
    if (Deno.build.os !== "windows") assertEquals(Deno.statSync(pathIn(temp)).mode! & 0o777, 0o600);
  });

  it("appends to the record of an earlier run", async () => {
    using temp = new TempDirectory();
    await interrupted(temp);
    const log = (await open(temp))!;
    assert(log.reopened);
    log.addFiles(Uint32Array.of(9, 10));
    log.close();
    assertEquals(await recalled(temp, {}, Uint32Array.of(1, 2, 9, 10)), [yes, yes]);
  });

  it("removes the record when the copy is complete, or if it has no entries", async () => {
    using temp = new TempDirectory();
    await interrupted(temp);
    (await open(temp))!.remove();
    assertEquals(temp.list(), []);
    (await open(temp))!.close();
    assertEquals(temp.list(), []);
    await interrupted(temp);
    await removeUnusedRecord({ record: pathIn(temp) });
    assertEquals(temp.list(), []);
  });

  it("records created directories, with and without files", async () => {
    using temp = new TempDirectory();
    const [a, b] = [directory(temp, "a"), directory(temp, "b \udcff")];
    const place = { record: pathIn(temp), target: "/target" };
    const first = (await open(temp))!;
    first.addDirectories([a]);
    first.addFiles(DIGESTS);
    assertEquals(await readDirectories(place), [a], "while it is in use");
    first.close();
    const second = (await open(temp))!;
    assertEquals(second.directories, [a]);
    second.addDirectories([b]);
    second.close();
    const third = (await open(temp))!;
    assertEquals(third.directories, [a, b]);
    third.close();
    assertEquals(await readDirectories({ ...place, target: "/other" }), []);
    assertEquals(await readDirectories({ ...place, record: temp.at("none") }), []);
  });

  it("keeps the complete entries of a record that is truncated at any byte", async () => {
    using temp = new TempDirectory();
    const record = await interrupted(temp);
    const start = headerBytes(record);
    for (let length = 0; length < record.length; length++) {
      Deno.writeFileSync(pathIn(temp), record.subarray(0, length));
      const entries = Math.max(0, Math.floor((length - start) / ENTRY_BYTES));
      const expected = [yes, yes, yes, yes].map((known, at) => at < entries * 2 ? known : no);
      assertEquals(await recalled(temp), expected, `cut at ${length}`);
    }
  });

  it("reads no wrong entries from a record with any bit flipped, and appends to it", async () => {
    using temp = new TempDirectory();
    const record = await interrupted(temp);
    const start = headerBytes(record);
    for (let bit = 0; bit < record.length * 8; bit += bit % 8 === 0 ? 7 : 1) {
      const changed = record.slice();
      changed[bit >> 3] ^= 1 << (bit & 7);
      Deno.writeFileSync(pathIn(temp), changed);
      const log = (await open(temp))!;
      const entries = Math.max(0, Math.floor(((bit >> 3) - start) / ENTRY_BYTES));
      const expected = [yes, yes, yes, yes].map((known, at) => at < entries * 2 ? known : no);
      assertEquals(knownOf(log, DIGESTS), expected, `bit ${bit}`);
      log.addFiles(Uint32Array.of(9, 10));
      log.close();
      assertEquals(await recalled(temp, {}, Uint32Array.of(9, 10)), [yes], `bit ${bit}`);
    }
  });

  it("ignores a record with other options or another target, an invalid record, and one that is too long", async () => {
    using temp = new TempDirectory();
    await interrupted(temp);
    assertEquals(await recalled(temp, { options: "others" }), [no, no, no, no]);
    assertEquals(await recalled(temp), [yes, yes, yes, yes], "the previous digests are kept");
    const other = (await CompletionLog.open({ record: pathIn(temp), target: "/other" }, { create: true }))!;
    assert(!other.reopened);
    other.close();
    Deno.writeTextFileSync(pathIn(temp), "something else");
    assertEquals(await recalled(temp), [no, no, no, no]);
    await interrupted(temp);
    Deno.truncateSync(pathIn(temp), 2 ** 30);
    assertEquals(await recalled(temp), [no, no, no, no]);
  });

  it("ignores zeros after the record, as a power failure leaves them", async () => {
    using temp = new TempDirectory();
    const record = await interrupted(temp);
    Deno.truncateSync(pathIn(temp), record.length + 4096);
    assertEquals(await recalled(temp), [yes, yes, yes, yes]);
    assertEquals(Deno.statSync(pathIn(temp)).size, record.length);
  });

  it("treats files recorded before a reboot as uncertain, unless they were flushed to disk", async () => {
    for (const bootId of ["second", undefined]) {
      using temp = new TempDirectory();
      await interrupted(temp);
      assertEquals(await recalled(temp, { bootId }), [perhaps, perhaps, perhaps, perhaps]);
      assertEquals(await recalled(temp, { bootId, stable: true }), [yes, yes, yes, yes]);
      assertEquals(await recalled(temp, { compareKnown: true }), [perhaps, perhaps, perhaps, perhaps]);
    }
  });

  it("treats all files as uncertain if the boot id is unknown", async () => {
    using temp = new TempDirectory();
    await interrupted(temp, DIGESTS, { bootId: undefined });
    assertEquals(await recalled(temp, { bootId: undefined }), [perhaps, perhaps, perhaps, perhaps]);
  });

  it("is opened by only one run at a time", async () => {
    using temp = new TempDirectory();
    const first = (await open(temp))!;
    assertEquals(await open(temp), undefined);
    first.addFiles(DIGESTS);
    first.close();
    assertEquals(await recalled(temp), [yes, yes, yes, yes]);
  });

  it("refuses a symbolic link and a file with two names", { ignore: Deno.build.os === "windows" }, async () => {
    using temp = new TempDirectory();
    await interrupted(temp);
    Deno.renameSync(pathIn(temp), temp.at("elsewhere"));
    const before = Deno.readFileSync(temp.at("elsewhere"));
    Deno.symlinkSync(temp.at("elsewhere"), pathIn(temp));
    await assertRejects(() => open(temp), Deno.errors.PermissionDenied);
    Deno.removeSync(pathIn(temp));
    Deno.linkSync(temp.at("elsewhere"), pathIn(temp));
    await assertRejects(() => open(temp), Deno.errors.PermissionDenied);
    assertEquals(Deno.readFileSync(temp.at("elsewhere")), before);
  });

  it("needs 16 MiB for a million files, in entries of any length", async () => {
    using temp = new TempDirectory();
    const many = new Uint32Array(2_000_000).map((_, at) => Math.imul(at + 1, 0x9e3779b1));
    const log = (await open(temp))!;
    log.addFiles(many);
    log.close();
    const again = (await open(temp))!;
    assertEquals(again.shared!.known!.byteLength, 16 << 20);
    assert(knownOf(again, many).every((known) => known === yes));
    again.close();
    const record = Deno.readFileSync(pathIn(temp));
    let count = 0;
    decodeEntries(record, headerBytes(record), { digest: () => count++ });
    assertEquals(count, 1_000_000);
  });
});

describe("DigestSet", () => {
  it("keeps a digest certain that was added as certain, in either order", () => {
    const set = DigestSet.withCapacity(4);
    set.add(10, 1, yes);
    set.add(10, 1, perhaps);
    set.add(20, 2, perhaps);
    set.add(20, 2, yes);
    set.add(30, 3, perhaps);
    assertEquals([set.get(10, 1), set.get(20, 2), set.get(30, 3), set.get(30, 4)], [yes, yes, perhaps, no]);
  });

  it("finds all colliding digests", () => {
    const set = DigestSet.withCapacity(100);
    for (let high = 1; high <= 100; high++) set.add(6, high, yes);
    for (let high = 1; high <= 100; high++) assertEquals(set.get(6, high), yes);
    assertEquals(set.get(6, 101), no);
  });
});

describe("FileDigests", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const SOURCE = { size: 1, mtime: 2, mtimeNs: 3, version: 4 };
  const TARGET = { mtime: 5, mtimeNs: 6, inode: 7, inodeLow: 7 };
  const digest = (key: [number, number], [root, directory, name]: string[], source = SOURCE, target = TARGET) => {
    const digests = new FileDigests(key);
    digests.enter(bytes(root), bytes(directory), 0, bytes(directory).length);
    digests.file(bytes(name), 0, bytes(name).length, source, target);
    return digests.digest.join();
  };

  it("differ if any input differs", () => {
    const names = ["/t", "a", "b"];
    const all = [
      digest([1, 2], names),
      digest([1, 3], names),
      ...[["/", "ta", "b"], ["/ta", "", "b"], ["/t", "ab", ""], ["/t", "a", "bb"], ["/t", "a/b", ""], [
        "/t",
        "a",
        "b\0",
      ]]
        .map((others) => digest([1, 2], others)),
      ...Object.keys(SOURCE).map((field) => digest([1, 2], names, { ...SOURCE, [field]: 99 })),
      ...Object.keys(TARGET).map((field) =>
        digest([1, 2], names, SOURCE, { ...TARGET, [field]: 2 ** 32 + 7 * 2 ** 33 })
      ),
      digest([1, 2], names, { ...SOURCE, size: 2 ** 32 + 1 }),
      digest([1, 2], names, { ...SOURCE, mtime: -2 }),
    ];
    assertEquals(new Set(all).size, all.length);
    assertEquals(digest([1, 2], names), all[0]);
  });

  it("include long names and paths completely", () => {
    const long = "x".repeat(60_000);
    assert(digest([1, 2], ["/t", long, "b"]) !== digest([1, 2], ["/t", `${long}x`, "b"]));
  });
});
