import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { DigestSet, Known } from "../../../src/resume/run/digest_set.ts";
import { FileDigests } from "../../../src/resume/run/file_digest.ts";
import { exactIdentity } from "../../../src/files/stat/file_identity.ts";
import { type RunIdentity, RunMemory } from "../../../src/resume/run/memory.ts";
import { type CreatedDirectory, decodeEntries, decodeRunHeader } from "../../../src/resume/run/record.ts";
import { TempDirectory } from "../../files/file_engines.ts";

const IDENTITY: RunIdentity = { options: "as ever", bootId: "first", stable: false, doubted: false };
const DIGESTS = Uint32Array.of(1, 2, 3, 4, 0xffffffff, 0x80000000, 7, 8);
/** Bytes of an entry of two digests. */
const ENTRY_BYTES = 28 + 16;

const pathIn = (temp: TempDirectory) => temp.at("record");

async function open(temp: TempDirectory, identity: Partial<RunIdentity> = {}) {
  const memory = await RunMemory.open({ record: pathIn(temp), target: "/target" }, { create: true });
  memory?.remember({ ...IDENTITY, ...identity });
  return memory;
}

const headerBytes = (record: Uint8Array<ArrayBuffer>) => decodeRunHeader(record)!.headerBytes;

/** A run that notes these, and is interrupted. Returns its record. */
async function interrupted(temp: TempDirectory, digests = DIGESTS, identity: Partial<RunIdentity> = {}) {
  const memory = (await open(temp, identity))!;
  memory.note(digests.subarray(0, 4));
  memory.note(digests.subarray(4));
  memory.close();
  return Deno.readFileSync(pathIn(temp));
}

/** What the next run knows of each of the digests. */
async function recalled(temp: TempDirectory, identity: Partial<RunIdentity> = {}, digests = DIGESTS) {
  const memory = (await open(temp, identity))!;
  const known = knownOf(memory, digests);
  memory.close();
  return known;
}

function knownOf({ shared }: RunMemory, digests: Uint32Array): number[] {
  const set = shared?.known && new DigestSet(shared.known);
  return Array.from({ length: digests.length / 2 }, (_, at) => set?.get(digests[2 * at], digests[2 * at + 1]) ?? 0);
}

/** A directory that a run has created for a source. */
function directory(temp: TempDirectory, name: string): CreatedDirectory {
  const identity = exactIdentity(Deno.statSync(temp.directory(name)));
  return { source: { name, identity: { dev: 1, inode: 2 } }, ...identity };
}

const { no, perhaps, yes } = Known;

describe("RunMemory", () => {
  it("knows what an earlier run has noted, and no more", async () => {
    using temp = new TempDirectory();
    await interrupted(temp);
    assertEquals(await recalled(temp), [yes, yes, yes, yes]);
    assertEquals(await recalled(temp, {}, Uint32Array.of(1, 3, 3, 2, 2, 1, 0, 0)), [no, no, no, no]);
    if (Deno.build.os !== "windows") assertEquals(Deno.statSync(pathIn(temp)).mode! & 0o777, 0o600);
  });

  it("continues where the record ends", async () => {
    using temp = new TempDirectory();
    await interrupted(temp);
    const memory = (await open(temp))!;
    assert(memory.reopened);
    memory.note(Uint32Array.of(9, 10));
    memory.close();
    assertEquals(await recalled(temp, {}, Uint32Array.of(1, 2, 9, 10)), [yes, yes]);
  });

  it("leaves nothing when all is done, and nothing of a run that has neither finished nor created anything", async () => {
    using temp = new TempDirectory();
    await interrupted(temp);
    (await open(temp))!.remove();
    assertEquals(temp.list(), []);
    (await open(temp))!.close();
    assertEquals(temp.list(), []);
    await interrupted(temp);
    await RunMemory.forget({ record: pathIn(temp) });
    assertEquals(temp.list(), []);
  });

  it("remembers the directories that were created, beside files and without", async () => {
    using temp = new TempDirectory();
    const [a, b] = [directory(temp, "a"), directory(temp, "b \udcff")];
    const place = { record: pathIn(temp), target: "/target" };
    const first = (await open(temp))!;
    first.noteDirectories([a]);
    first.note(DIGESTS);
    assertEquals(await RunMemory.directoriesOf(place), [a], "while it is in use");
    first.close();
    const second = (await open(temp))!;
    assertEquals(second.directories, [a]);
    second.noteDirectories([b]);
    second.close();
    const third = (await open(temp))!;
    assertEquals(third.directories, [a, b]);
    third.close();
    assertEquals(await RunMemory.directoriesOf({ ...place, target: "/other" }), []);
    assertEquals(await RunMemory.directoriesOf({ ...place, record: temp.at("none") }), []);
  });

  it("cut at any byte is as long as its whole entries", async () => {
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

  it("with any bit changed knows nothing that was not noted, and can be appended to", async () => {
    using temp = new TempDirectory();
    const record = await interrupted(temp);
    const start = headerBytes(record);
    for (let bit = 0; bit < record.length * 8; bit += bit % 8 === 0 ? 7 : 1) {
      const changed = record.slice();
      changed[bit >> 3] ^= 1 << (bit & 7);
      Deno.writeFileSync(pathIn(temp), changed);
      const memory = (await open(temp))!;
      const entries = Math.max(0, Math.floor(((bit >> 3) - start) / ENTRY_BYTES));
      const expected = [yes, yes, yes, yes].map((known, at) => at < entries * 2 ? known : no);
      assertEquals(knownOf(memory, DIGESTS), expected, `bit ${bit}`);
      memory.note(Uint32Array.of(9, 10));
      memory.close();
      assertEquals(await recalled(temp, {}, Uint32Array.of(9, 10)), [yes], `bit ${bit}`);
    }
  });

  it("starts over for other options, another target, and a file that is no record or too long", async () => {
    using temp = new TempDirectory();
    await interrupted(temp);
    assertEquals(await recalled(temp, { options: "others" }), [no, no, no, no]);
    assertEquals(await recalled(temp), [yes, yes, yes, yes], "those of before are kept");
    const other = (await RunMemory.open({ record: pathIn(temp), target: "/other" }, { create: true }))!;
    assert(!other.reopened);
    other.close();
    Deno.writeTextFileSync(pathIn(temp), "something else");
    assertEquals(await recalled(temp), [no, no, no, no]);
    await interrupted(temp);
    Deno.truncateSync(pathIn(temp), 2 ** 30);
    assertEquals(await recalled(temp), [no, no, no, no]);
  });

  it("followed by zeros, as after a power cut, is as long as it was", async () => {
    using temp = new TempDirectory();
    const record = await interrupted(temp);
    Deno.truncateSync(pathIn(temp), record.length + 4096);
    assertEquals(await recalled(temp), [yes, yes, yes, yes]);
    assertEquals(Deno.statSync(pathIn(temp)).size, record.length);
  });

  it("is not sure of what was noted before the system was started anew, unless it is on stable storage", async () => {
    for (const bootId of ["second", undefined]) {
      using temp = new TempDirectory();
      await interrupted(temp);
      assertEquals(await recalled(temp, { bootId }), [perhaps, perhaps, perhaps, perhaps]);
      assertEquals(await recalled(temp, { bootId, stable: true }), [yes, yes, yes, yes]);
      assertEquals(await recalled(temp, { doubted: true }), [perhaps, perhaps, perhaps, perhaps]);
    }
  });

  it("is not sure of anything where the starts of the system are not told apart", async () => {
    using temp = new TempDirectory();
    await interrupted(temp, DIGESTS, { bootId: undefined });
    assertEquals(await recalled(temp, { bootId: undefined }), [perhaps, perhaps, perhaps, perhaps]);
  });

  it("is one run's alone", async () => {
    using temp = new TempDirectory();
    const first = (await open(temp))!;
    assertEquals(await open(temp), undefined);
    first.note(DIGESTS);
    first.close();
    assertEquals(await recalled(temp), [yes, yes, yes, yes]);
  });

  it("takes no link and no file with two names for its own", { ignore: Deno.build.os === "windows" }, async () => {
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

  it("holds a million files in 16 MiB, in entries of any length", async () => {
    using temp = new TempDirectory();
    const many = new Uint32Array(2_000_000).map((_, at) => Math.imul(at + 1, 0x9e3779b1));
    const memory = (await open(temp))!;
    memory.note(many);
    memory.close();
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
  it("is sure of what was added as sure once, in either order", () => {
    const set = DigestSet.withRoom(4);
    set.add(10, 1, yes);
    set.add(10, 1, perhaps);
    set.add(20, 2, perhaps);
    set.add(20, 2, yes);
    set.add(30, 3, perhaps);
    assertEquals([set.get(10, 1), set.get(20, 2), set.get(30, 3), set.get(30, 4)], [yes, yes, perhaps, no]);
  });

  it("finds all of what collides", () => {
    const set = DigestSet.withRoom(100);
    for (let high = 1; high <= 100; high++) set.add(6, high, yes);
    for (let high = 1; high <= 100; high++) assertEquals(set.get(6, high), yes);
    assertEquals(set.get(6, 101), no);
  });
});

describe("FileDigests", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const SOURCE = { size: 1, mtime: 2, mtimeNs: 3, version: 4 };
  const LOOK = { mtime: 5, mtimeNs: 6, inode: 7, inodeLow: 7 };
  const digest = (key: [number, number], [root, directory, name]: string[], source = SOURCE, look = LOOK) => {
    const digests = new FileDigests(key);
    digests.enter(bytes(root), bytes(directory), 0, bytes(directory).length);
    digests.file(bytes(name), 0, bytes(name).length, source, look);
    return digests.digest.join();
  };

  it("differ with everything that they are of", () => {
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
      ...Object.keys(LOOK).map((field) => digest([1, 2], names, SOURCE, { ...LOOK, [field]: 2 ** 32 + 7 * 2 ** 33 })),
      digest([1, 2], names, { ...SOURCE, size: 2 ** 32 + 1 }),
      digest([1, 2], names, { ...SOURCE, mtime: -2 }),
    ];
    assertEquals(new Set(all).size, all.length);
    assertEquals(digest([1, 2], names), all[0]);
  });

  it("are those of long names and paths, too", () => {
    const long = "x".repeat(60_000);
    assert(digest([1, 2], ["/t", long, "b"]) !== digest([1, 2], ["/t", `${long}x`, "b"]));
  });
});
