import { assert, assertEquals } from "@std/assert";
import { beforeAll, describe, it } from "@std/testing/bdd";
import { fromFileUrl } from "@std/path";
import { isNativeHere, TempDirectory } from "../files/file_engines.ts";
import type { MadeInRun } from "./small_files_probe.ts";

const FILES = [2_000, 4_000];
const MORE_FILES = FILES[1] - FILES[0];
/** Allowance for frames and units, each of which has hundreds of files. */
const MOST_FOR_FRAMES = MORE_FILES / 10;

/** Runs the probe in its own process, because it changes the runtime. */
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

describe("packing and writing 2,000 more small files", { ignore: !isNativeHere }, () => {
  let made: MadeInRun[];
  beforeAll(async () => {
    made = await probe();
  });

  for (const way of ["sent", "received"] as const) {
    it(`makes no promises, and one buffer view each for the CRC-32 of zlib (${way})`, () => {
      const [few, many] = made.map((run) => run[way]);
      // A counter that counts nothing would pass.
      assert(few.promises > 0 && few.buffers >= FILES[0], JSON.stringify(few));
      const promises = many.promises - few.promises;
      assert(promises < MOST_FOR_FRAMES, `${promises} promises`);
      const buffers = many.buffers - few.buffers;
      assert(buffers < MORE_FILES + MOST_FOR_FRAMES, `${buffers} buffers`);
    });
  }
});
