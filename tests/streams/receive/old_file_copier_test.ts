import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { EventLoopYielder } from "../../../src/async/event_loop_yielder.ts";
import { createNativeEngine } from "../../../src/files/native/engine.ts";
import type { RangeWriter } from "../../../src/files/engine/partial_file.ts";
import { crc32 } from "../../../src/protocol/crc32.ts";
import { copyOldBlock } from "../../../src/streams/receive/old_file_copier.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import { mountSharingDisk, sharingDiskProblem } from "../../support/files/sharing_disk.ts";

const BYTES = 1 << 20;
const [contents, later] = [randomBytes(BYTES, "old"), randomBytes(BYTES, "later")];
const sumOf = (bytes: Uint8Array) => crc32(bytes, 0, bytes.length);

/**
 * Copies a whole file as one block.
 *
 * @param then Called with its path after the new file shares its blocks.
 * @returns its CRC-32, the new file, how often that was read, and whether blocks were shared.
 */
async function copy(then: (path: string) => void = () => {}) {
  await using disk = await mountSharingDisk();
  const path = `${disk.path}/old`;
  await Deno.writeFile(path, contents);
  const { dev, ino: inode } = await Deno.stat(path);
  const { engine } = createNativeEngine();
  const root = { path, name: "old", kind: "file" as const, identity: { dev, inode: inode! }, size: BYTES };
  const reader = engine.sourceReader([root]).openLarge(0, "");
  const target = engine.openTarget(
    [{ kind: "file", directory: disk.path, name: "new" }],
    { preserve: false, umask: 0o022, token: "old" },
  );
  const { partials } = target;
  const partial = partials.create(0, "", BYTES);
  const writer = partials.open(partial);
  const yielder = new EventLoopYielder();
  let reads = 0;
  let shared = false;
  const readBack = () => {
    reads++;
    return partials.read(partial);
  };
  try {
    const sharing = sharingWriter(writer, () => {
      shared = true;
      then(path);
    });
    const files = { reader, writer: sharing, readBack, inPlace: false };
    const crc = await copyOldBlock({ offset: 0, length: BYTES, old: 0 }, files, yielder, () => true);
    return { crc, reads, shared, bytes: await Deno.readFile(`${disk.path}/${partial.temporary}`) };
  } finally {
    yielder.close();
    reader.close();
    writer.close();
    target.close();
  }
}

/** Returns a writer that calls a function after it has shared blocks. */
function sharingWriter(writer: RangeWriter, then: () => void): RangeWriter {
  return {
    path: writer.path,
    writeAt: (...args) => writer.writeAt(...args),
    zerosAt: (...args) => writer.zerosAt(...args),
    close: () => writer.close(),
    async shareFrom(...args) {
      const shares = await writer.shareFrom!(...args);
      if (shares) then();
      return shares;
    },
  };
}

describe("a block that the new file shares with the old one", { ignore: sharingDiskProblem !== undefined }, () => {
  it("is not read from the new file if the old one stays as it is", async () => {
    assertEquals(await copy(), { crc: sumOf(contents), reads: 0, shared: true, bytes: contents });
  });

  it("is read from the new file if the old one changes afterwards", async () => {
    const change = (path: string) => {
      const before = Deno.statSync(path).mtime!.getTime();
      do Deno.writeFileSync(path, later); while (Deno.statSync(path).mtime!.getTime() === before);
    };
    assertEquals(await copy(change), { crc: sumOf(contents), reads: 1, shared: true, bytes: contents });
  });
});
