import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { EventLoopYielder } from "../../../src/async/event_loop_yielder.ts";
import { scanSource } from "../../../src/streams/send/scan_source.ts";
import { signatureOf, testDigester } from "../../delta/delta_buffer.ts";
import { ENGINES, sourceRoot, TempDirectory } from "../../files/file_engines.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";

const MIB = 1 << 20;
const BLOCK = 8 << 10;
const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);

for (const { title, make } of ENGINES) {
  describe(`the search for old blocks in a source, ${title}`, () => {
    const engine = make();

    /** Searches bytes [0, end) of a file for the blocks of `old`. */
    async function scan(bytes: Uint8Array, old: Uint8Array<ArrayBuffer>, end: number) {
      using directory = new TempDirectory();
      const path = `${directory.path}/f`;
      await Deno.writeFile(path, bytes);
      const root = sourceRoot(engine, path);
      const source = engine.sourceReader([root]);
      const digester = testDigester();
      const signature = signatureOf(old, BLOCK, digester);
      digester.close();
      const { dev, ino } = await Deno.stat(path);
      const identity = { dev, inode: ino ?? 0 };
      const unit = { type: "scan" as const, unit: 0, attempt: 0, file: 0, root: 0, path: "", identity };
      const yielder = new EventLoopYielder();
      const options = { cipherEngine: "portable" as const, sparse: false };
      const part = { start: 0, end, key: KEY, signature, inPlace: false };
      const segments = await scanSource({ ...unit, ...part }, source, yielder, options);
      yielder.close();
      source.close();
      return segments;
    }

    it("joins what it finds in several pieces", async () => {
      const old = randomBytes(2 * MIB, 1);
      const segments = await scan(old, old, old.length);
      assertEquals(segments?.map(({ start, end, old }) => [start, end, old]), [[0, 2 * MIB, 0]]);
    });

    it("finds nothing in a source that is shorter than it was", async () => {
      const old = randomBytes(4 * MIB, 1);
      assertEquals(await scan(old.subarray(0, MIB + 5), old, 4 * MIB), undefined);
      assertEquals(await scan(new Uint8Array(), old, 4 * MIB), undefined);
    });
  });
}
