import { assert, assertEquals } from "@std/assert";
import { beforeAll, describe, it } from "@std/testing/bdd";
import { fromFileUrl } from "@std/path";
import { isNativeHere, TempDirectory } from "../files/file_engines.ts";
import type { MadeInRun } from "./small_files_probe.ts";

const FILES = [2_000, 4_000];
const MORE_FILES = FILES[1] - FILES[0];
/** Frames and units have their promises and buffers, but each is of hundreds of files. */
const MOST_FOR_FRAMES = MORE_FILES / 10;

/** In a process of its own, as it changes what the runtime does everywhere. */
async function probe(): Promise<MadeInRun[]> {
  using directory = new TempDirectory();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-check", "--allow-all"],
      ...["--config", fromFileUrl(new URL("../../deno.json", import.meta.url))],
      fromFileUrl(new URL("small_files_probe.ts", import.meta.url)),
      directory.path,
      ...FILES.map(String),
    ],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  assertEquals(code, 0, decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout));
}

describe("2,000 more small files", { ignore: !isNativeHere }, () => {
  let made: MadeInRun[];
  beforeAll(async () => {
    made = await probe();
  });

  for (const way of ["sent", "received"] as const) {
    it(`take no promises, and of buffers one view each for zlib's CRC-32 (${way})`, () => {
      const [few, many] = made.map((run) => run[way]);
      // What counts nothing would be content with everything.
      assert(few.promises > 0 && few.buffers >= FILES[0], JSON.stringify(few));
      const promises = many.promises - few.promises;
      assert(promises < MOST_FOR_FRAMES, `${promises} promises`);
      const buffers = many.buffers - few.buffers;
      assert(buffers < MORE_FILES + MOST_FOR_FRAMES, `${buffers} buffers`);
    });
  }
});
