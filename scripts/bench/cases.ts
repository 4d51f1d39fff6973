/** What is copied in the benchmark. */

import { RandomBytes, randomBytes, writeRandomFile } from "../../tests/support/random_bytes.ts";
import { exists } from "../exists.ts";

/** One thing to copy. */
export interface BenchCase {
  name: string;
  /** For the heading. */
  title: string;
  direction: "push" | "pull";
  /** Name of the file or folder, in the source folder and in the target folder. */
  entry: string;
  bytes: number;
  files: number;
  /** Whether the portable engine is measured as well. */
  withPortable: boolean;
  /** Makes `path` unless it is there. */
  create(path: string): Promise<void>;
}

const SMALL_FILES = 20_000;
const SMALL_FOLDERS = 200;
const SMALL_BYTES = 4096;

/** All cases, the big file with this size in bytes. */
export function benchCases(bigBytes: number): BenchCase[] {
  const big = {
    entry: "big",
    bytes: bigBytes,
    files: 1,
    withPortable: true,
    create: async (path: string) => await exists(path) ? undefined : await writeRandomFile(path, bigBytes, "big"),
  };
  const size = formatSize(bigBytes);
  return [
    { ...big, name: "big-push", title: `one random file of ${size}, push`, direction: "push" },
    { ...big, name: "big-pull", title: `one random file of ${size}, pull`, direction: "pull" },
    {
      name: "many-files",
      title: `${SMALL_FILES} files of ${formatSize(SMALL_BYTES)} in ${SMALL_FOLDERS} folders, push`,
      direction: "push",
      entry: "many",
      bytes: SMALL_FILES * SMALL_BYTES,
      files: SMALL_FILES,
      withPortable: false,
      create: createSmallFiles,
    },
    {
      name: "one-file",
      title: "one file of 1 KiB, push",
      direction: "push",
      entry: "one",
      bytes: 1024,
      files: 1,
      withPortable: false,
      create: (path) => Deno.writeFile(path, randomBytes(1024, "one")),
    },
  ];
}

/** "2G", "512M", "64K" or a number of bytes. */
export function parseSize(text: string): number {
  const match = text.match(/^(\d+)([KMG]?)$/i);
  if (!match) throw new Error(`Cannot read the size "${text}": write it as 2G, 512M, 64K or as bytes`);
  return Number(match[1]) * 1024 ** " KMG".indexOf(match[2].toUpperCase() || " ");
}

function formatSize(bytes: number): string {
  const unit = ["GiB", "MiB", "KiB"].findIndex((_, at) => bytes % 1024 ** (3 - at) === 0);
  return unit < 0 ? `${bytes} bytes` : `${bytes / 1024 ** (3 - unit)} ${["GiB", "MiB", "KiB"][unit]}`;
}

async function createSmallFiles(path: string): Promise<void> {
  if (await exists(path)) return;
  const random = new RandomBytes("many");
  const content = new Uint8Array(SMALL_BYTES);
  for (let folder = 0; folder < SMALL_FOLDERS; folder++) {
    await Deno.mkdir(`${path}/${folder}`, { recursive: true });
    for (let file = 0; file < SMALL_FILES / SMALL_FOLDERS; file++) {
      random.fill(content);
      Deno.writeFileSync(`${path}/${folder}/${file}`, content);
    }
  }
}
