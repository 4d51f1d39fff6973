/** Cases of the benchmark with their contenders. */

import { randomBytes } from "../../tests/support/files/random_bytes.ts";
import { type Contender, cp, escp, mirror, reporting, rsync, scp, served, tar } from "./contenders.ts";
import {
  changeBlocks,
  compareSparseFiles,
  createRandomFile,
  createSizedFiles,
  createSmallFiles,
  createSparseFile,
  createText,
  insertBytes,
  logNormalSizes,
  SMALL_BYTES,
} from "./data.ts";
import { formatSize } from "./size.ts";
import type { LinkShape } from "./slow_link.ts";

/** One case. */
export interface BenchCase {
  name: string;
  /** Heading of its table. */
  title: string;
  direction: "push" | "pull" | "local";
  /** Name of the file or directory in the source directory and the target directory. */
  entry: string;
  bytes: number;
  files: number;
  /** Contenders in the order of each round. */
  contenders: Contender[];
  /** Simulated network. Default: plain loopback. */
  link?: LinkShape;
  /** Whether the target has a copy with the same times before each run. */
  unchanged?: boolean;
  /** Makes the older version at `old` that the target has before each run. Default: the target is empty. */
  createOld?(path: string, old: string): Promise<void>;
  /** Whether `escp --serve` runs during the case. */
  serves?: boolean;
  /** Whether each contender runs only once, to measure memory. */
  memoryOnly?: boolean;
  /** Whether the case runs only if it is named, because it needs much time or space. */
  onlyByName?: boolean;
  /** Whether the processor time of the last contender is compared with that of the first one, round by round. */
  comparesCpu?: boolean;
  /** Series of cases of doubling size. */
  series?: string;
  /** Makes the data at `path`, reduced by a factor. */
  create(path: string, shrunk: number): Promise<void>;
  /** Returns a difference. Default: compares all bytes, which takes too long in some cases. */
  compare?(expected: string, actual: string): Promise<string | undefined>;
}

const MANY_FILES = 20_000;
const GIB = 2 ** 30;
const SPARSE_PIECES = 100;

/**
 * Returns all cases.
 *
 * @param bigBytes size of the big file.
 * @param rivals contenders of the cases in which other parallel tools make sense.
 */
export function benchCases(bigBytes: number, rivals: readonly Contender[] = []): BenchCase[] {
  return [
    ...bigFile(bigBytes, rivals),
    ...manyFiles(rivals),
    {
      name: "one-file",
      title: "one file of 1 KiB, push",
      direction: "push",
      entry: "one",
      bytes: 1024,
      files: 1,
      contenders: [escp(), ...rivals, ...others(), cp()],
      create: (path) => Deno.writeFile(path, randomBytes(1024, "one")),
    },
    {
      name: "log-normal",
      title: "1000 files of log-normal sizes, 1 GiB in all, push",
      direction: "push",
      entry: "sizes",
      bytes: GIB,
      files: 1000,
      contenders: [escp(), ...rivals, ...others(), cp()],
      create: (path) => createSizedFiles(path, logNormalSizes(1000, GIB)),
    },
    sparse(64 * GIB),
    ...overNetworks(bigBytes),
    ...deltas(bigBytes),
    ...servers(bigBytes),
    ...reports(bigBytes),
    ...growth(bigBytes),
    ...hugeTrees(),
  ];
}

/** Returns scp, and programs that are often used instead. */
function others(): Contender[] {
  return [scp(), scp("scp, aes128-gcm", ["-c", "aes128-gcm@openssh.com"]), rsync(), tar()];
}

function bigFile(bytes: number, rivals: readonly Contender[]): BenchCase[] {
  const big = { entry: "big", bytes, files: 1, create: (path: string) => createRandomFile(path, bytes) };
  const contenders = (rivals: readonly Contender[]) => [
    escp(),
    escp("escp, portable", ["--engine", "portable"], { engine: "portable" }),
    ...rivals,
    ...others(),
    cp(),
  ];
  const pulling = rivals.filter(({ pushOnly }) => !pushOnly);
  const size = formatSize(bytes);
  return [
    {
      ...big,
      name: "big-push",
      title: `one random file of ${size}, push`,
      direction: "push",
      contenders: contenders(rivals),
    },
    {
      ...big,
      name: "big-pull",
      title: `one random file of ${size}, pull`,
      direction: "pull",
      contenders: contenders(pulling),
    },
    {
      ...big,
      name: "big-local",
      title: `one random file of ${size}, on this machine`,
      direction: "local",
      contenders: [escp(), escp("escp --no-resume", ["--no-resume"]), rsync(), cp("cp")],
    },
  ];
}

function manyFiles(rivals: readonly Contender[]): BenchCase[] {
  const many = {
    title: `${MANY_FILES} files of ${formatSize(SMALL_BYTES)} in ${MANY_FILES / 100} directories, push`,
    direction: "push" as const,
    entry: "many",
    bytes: MANY_FILES * SMALL_BYTES,
    files: MANY_FILES,
    create: (path: string) => createSmallFiles(path, MANY_FILES),
  };
  return [
    { ...many, name: "many-files", contenders: [escp(), ...rivals, ...others(), cp()] },
    {
      ...many,
      name: "unchanged",
      title: `${many.title}, without changes`,
      unchanged: true,
      contenders: [escp("escp -u", ["-u"]), rsync()],
    },
  ];
}

/** Contenders that read all holes copy a smaller file, which would otherwise take an hour. */
function sparse(bytes: number): BenchCase {
  const shrunk = 32;
  return {
    name: "sparse",
    title: `a sparse file of ${formatSize(bytes)} with ${SPARSE_PIECES} MiB of data, push`,
    direction: "push",
    entry: "sparse",
    bytes,
    files: 1,
    contenders: [
      escp("escp --sparse", ["--sparse"]),
      scp("scp", [], { shrunk, maxRounds: 2 }),
      rsync("rsync -aS", ["-aS"], { shrunk, maxRounds: 2 }),
      tar("tar -S | ssh tar", "-S"),
    ],
    create: (path, shrunk) => createSparseFile(path, bytes / shrunk, Math.ceil(SPARSE_PIECES / shrunk)),
    compare: (expected, actual) => compareSparseFiles(expected, actual, SPARSE_PIECES),
  };
}

function overNetworks(bigBytes: number): BenchCase[] {
  const [size, textBytes] = [formatSize(bigBytes), bigBytes / 4];
  const random = { entry: "big", bytes: bigBytes, files: 1, direction: "push" as const };
  const createRandom = (path: string) => createRandomFile(path, bigBytes);
  const slow = { roundTripMs: 0, bytesPerSecond: 100e6 };
  return [
    {
      ...random,
      name: "far-away",
      title: `one random file of ${size}, push, 50 ms round trip`,
      link: { roundTripMs: 50, bytesPerSecond: 0 },
      contenders: [escp(), escp("escp, 4 streams", ["-t4"]), escp("escp, 16 streams", ["-t16"]), scp("scp", [], once)],
      create: createRandom,
    },
    {
      ...random,
      name: "compressed-text",
      title: `one file of ${formatSize(textBytes)} of text, push, 100 MB/s`,
      entry: "text",
      bytes: textBytes,
      link: slow,
      contenders: [escp(), escp("escp -C", ["-C"]), scp(), scp("scp -C", ["-C"], once)],
      create: (path) => createText(path, textBytes),
    },
    {
      ...random,
      name: "compressed-random",
      title: `one random file of ${size}, push`,
      contenders: [escp(), escp("escp -C", ["-C"]), scp("scp", [], once)],
      create: createRandom,
    },
    {
      ...random,
      name: "compressed-random-slow",
      title: `one random file of ${formatSize(textBytes)}, push, 100 MB/s`,
      bytes: textBytes,
      entry: "smaller",
      link: slow,
      contenders: [escp(), escp("escp -C", ["-C"]), scp()],
      create: (path) => createRandomFile(path, textBytes),
    },
  ];
}

/** Returns updates of a big file, on loopback and over a link of 100 MB/s. */
function deltas(bytes: number): BenchCase[] {
  const changes = [
    { name: "delta-blocks", what: "1 % of its blocks of 64 KiB changed", createOld: changeBlocks },
    { name: "delta-inserted", what: "10 bytes inserted near the start", createOld: insertBytes },
  ];
  const links = [
    { suffix: "", place: "push", link: undefined, whole: {} },
    { suffix: "-slow", place: "push, 100 MB/s", link: { roundTripMs: 0, bytesPerSecond: 100e6 }, whole: once },
  ];
  return changes.flatMap(({ name, what, createOld }) =>
    links.map(({ suffix, place, link, whole }): BenchCase => ({
      name: `${name}${suffix}`,
      title: `one random file of ${formatSize(bytes)}, ${what}, ${place}`,
      direction: "push",
      entry: "updated",
      bytes,
      files: 1,
      link,
      onlyByName: true,
      createOld,
      contenders: [
        escp("escp -u", ["-u"]),
        rsync("rsync -a --no-whole-file", ["-a", "--no-whole-file"]),
        escp("escp -u --inplace", ["-u", "--inplace"]),
        rsync("rsync -a --no-whole-file --inplace", ["-a", "--no-whole-file", "--inplace"]),
        escp("escp -u -W", ["-u", "-W"], whole),
        rsync("rsync -a -W", ["-a", "-W"], whole),
      ],
      create: (path) => createRandomFile(path, bytes),
    }))
  );
}

/** Maximum number of rounds of the slowest contender. */
const once = { maxRounds: 1 };

/** Returns copies to `escp --serve`, and the same through ssh. */
function servers(bytes: number): BenchCase[] {
  const shared = { direction: "push" as const, files: 1, serves: true, onlyByName: true };
  const scps = [scp(), scp("scp, aes128-gcm", ["-c", "aes128-gcm@openssh.com"])];
  return [
    {
      ...{ ...shared, name: "serve-big", title: `one random file of ${formatSize(bytes)}, push to escp --serve` },
      entry: "big",
      bytes,
      contenders: [served(), escp(), ...scps],
      create: (path) => createRandomFile(path, bytes),
    },
    {
      ...{ ...shared, name: "serve-small", title: "one file of 1 KiB, push to escp --serve" },
      entry: "one",
      bytes: 1024,
      contenders: [served(), escp(), ...scps],
      create: (path) => Deno.writeFile(path, randomBytes(1024, "one")),
    },
  ];
}

/** Returns cases that show what a report costs. */
function reports(bytes: number): BenchCase[] {
  const shared = { direction: "push" as const, contenders: [escp(), reporting()], comparesCpu: true, onlyByName: true };
  const [files, many] = [MANY_FILES, MANY_FILES * SMALL_BYTES];
  return [
    {
      ...{ ...shared, name: "report-large", title: `one random file of ${formatSize(bytes)}, push, with a report` },
      ...{ entry: "big", bytes, files: 1, create: (path) => createRandomFile(path, bytes) },
    },
    {
      ...{
        ...shared,
        name: "report-small",
        title: `${files} files of ${formatSize(SMALL_BYTES)}, push, with a report`,
      },
      ...{ entry: "many", bytes: many, files, create: (path) => createSmallFiles(path, files) },
    },
  ];
}

/** Returns series that show whether time grows faster than the data. */
function growth(bigBytes: number): BenchCase[] {
  const shared = { direction: "push" as const, contenders: [escp()], onlyByName: true };
  return [
    ...[0.5, 1, 2, 4].map((factor): BenchCase => ({
      ...shared,
      series: "growth-bytes",
      name: "growth-bytes",
      title: `one random file of ${formatSize(bigBytes * factor)}, push`,
      entry: "growing",
      bytes: bigBytes * factor,
      files: 1,
      create: (path) => createRandomFile(path, bigBytes * factor),
    })),
    ...[10_000, 20_000, 40_000, 80_000].map((files): BenchCase => ({
      ...shared,
      series: "growth-files",
      name: "growth-files",
      title: `${files} files of ${formatSize(SMALL_BYTES)}, push`,
      entry: "growing",
      bytes: files * SMALL_BYTES,
      files,
      create: (path) => createSmallFiles(path, files),
    })),
  ];
}

/** Returns cases of trees in which the time and memory per file count. */
function hugeTrees(): BenchCase[] {
  const bytes = 100;
  const tree = (name: string, files: number) => ({
    name,
    direction: "push" as const,
    entry: name,
    bytes: files * bytes,
    files,
    onlyByName: true,
    create: (path: string) => createSmallFiles(path, files, bytes),
  });
  const million = { ...tree("million-files", 1e6), memoryOnly: true };
  return [
    { ...million, title: `${million.files} files of ${bytes} bytes, push, for memory`, contenders: [escp()] },
    {
      ...million,
      name: "million-mirror",
      title: `${million.files} files of ${bytes} bytes, push with --mirror, for memory`,
      contenders: [mirror()],
    },
    ...[1e5, 2e5].map((files): BenchCase => ({
      ...tree(`unchanged-${files}`, files),
      title: `${files} files of ${bytes} bytes, push, without changes`,
      unchanged: true,
      contenders: [escp("escp -a -u", ["-a", "-u"]), rsync(), mirror(), rsync("rsync -a --delete", ["-a", "--delete"])],
    })),
  ];
}
