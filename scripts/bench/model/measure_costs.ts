/** Measures the costs of the stages in this process, with the modules of escp. Needs Linux. */

import process from "node:process";
import { exists } from "@std/fs/exists";
import { loadFileEngine } from "../../../src/files/load_engine.ts";
import { createRandomFile, createSizedFiles } from "../data.ts";
import { type BothEnds, type Costs, fitLine, type Sample, scale, type Stages, total } from "./costs.ts";
import { measureEnds } from "./measure_ends.ts";
import { measureTechniques } from "./measure_techniques.ts";
import type { EndTimes } from "./measure_worker.ts";

/** Options of the measurements. */
export interface MeasureOptions {
  /** Directory in memory. */
  directory: string;
  /** Directory on a disk; undefined: direct input and output are not measured. */
  disk?: string;
  /** Bytes of the large file. */
  bytes: number;
  /** Number of small files of 4 KiB. */
  files: number;
}

const USUAL = 1 << 20;
const BLOCK_SIZES = [64 << 10, 8 << 20, USUAL];
const SMALL_BYTES = 4 << 10;
const MEDIUM_BYTES = 256 << 10;
/** Number of small files per file of `MEDIUM_BYTES`. */
const MEDIUM_SHARE = 40;
const STREAMS = 4;
const LARGE_FILES = 100;

/** Measures everything once. The source files stay in the directory for further calls. */
export async function measureCosts(options: MeasureOptions): Promise<Costs> {
  const { directory, bytes, files } = options;
  const source = `${directory}/model-source`;
  const target = `${directory}/model-target`;
  await createRandomFile(source, bytes);
  const small = await measurePacks(`${directory}/model-small`, target, SMALL_BYTES, files);
  const medium = await measurePacks(`${directory}/model-medium`, target, MEDIUM_BYTES, Math.ceil(files / MEDIUM_SHARE));
  const techniques = await measureTechniques({ ...options, source, target });
  const blocks: Record<number, BothEnds> = {};
  for (const blockBytes of BLOCK_SIZES) blocks[blockBytes] = await measureBlocks(source, target, bytes, blockBytes);
  return { blocks, packs: fitLine(small, medium), largeFiles: await measureLargeFiles(source, directory), techniques };
}

/** Measures again what a case needs, with blocks of 1 MiB: shorter than `measureCosts`. */
export async function measureParts(
  { directory, bytes, files }: MeasureOptions,
  { hasBlocks, hasPacks }: { hasBlocks: boolean; hasPacks: boolean },
): Promise<Pick<Costs, "blocks"> & Partial<Pick<Costs, "packs">>> {
  const target = `${directory}/model-target`;
  const blocks: Record<number, BothEnds> = {};
  if (hasBlocks) blocks[USUAL] = await measureBlocks(`${directory}/model-source`, target, bytes, USUAL);
  if (!hasPacks) return { blocks };
  const small = await measurePacks(`${directory}/model-small`, target, SMALL_BYTES, files);
  const medium = await measurePacks(`${directory}/model-medium`, target, MEDIUM_BYTES, Math.ceil(files / MEDIUM_SHARE));
  return { blocks, packs: fitLine(small, medium) };
}

/** Returns the work per block. */
async function measureBlocks(source: string, target: string, bytes: number, blockBytes: number): Promise<BothEnds> {
  const { send, receive, others } = await measureEnds(
    { role: "send", blocks: { path: source, bytes, blockBytes } },
    { role: "receive", blocks: { path: target, bytes, blockBytes } },
    STREAMS,
  );
  const count = bytes / blockBytes;
  return {
    send: scale(withRest(send, others / 2), 1 / count),
    receive: scale(withRest(receive, others / 2), 1 / count),
  };
}

async function measurePacks(source: string, target: string, bytes: number, files: number): Promise<Sample> {
  if (!await exists(source)) await createSizedFiles(source, new Array(files).fill(bytes));
  await Deno.mkdir(target);
  try {
    const { send, receive, others } = await measureEnds(
      { role: "send", packs: { path: source } },
      { role: "receive", packs: { path: target } },
      1,
    );
    if (receive.files !== files) throw new Error(`${receive.files} of ${files} files have arrived`);
    const ends = {
      send: scale(withRest(send, others / 2), 1 / files),
      receive: scale(withRest(receive, others / 2), 1 / files),
    };
    return { bytes, ends };
  } finally {
    await Deno.remove(target, { recursive: true });
  }
}

/** Returns the stages with the rest of the thread, and a share of the other threads, which wait for connections. */
function withRest({ seconds, threadSeconds }: EndTimes, others: number): Stages {
  return { ...seconds, "program": Math.max(0, threadSeconds - total(seconds)), "wait for connections": others };
}

/** Returns the work per large file in the file engine. */
async function measureLargeFiles(source: string, directory: string): Promise<BothEnds> {
  const { engine } = await loadFileEngine("auto");
  const { dev, ino, size } = Deno.statSync(source);
  const identity = { dev, inode: ino! };
  const reader = engine.sourceReader([{ path: source, name: "source", kind: "file", identity, size }]);
  const target = engine.openTarget([{ kind: "file", directory, name: "model-large" }], {
    preserve: false,
    umask: 0o022,
    token: "model",
    direct: true,
  });
  const stat = engine.paths.stat(source, { follow: true })!;
  const send = processorTime(LARGE_FILES, () => reader.openLarge(0, "", identity).close());
  const receive = processorTime(LARGE_FILES, () => {
    const partial = target.partials.create(0, "", 2 << 20);
    target.partials.open(partial).close();
    target.partials.commit(partial, stat.attributes());
  });
  reader.close();
  target.close();
  Deno.removeSync(`${directory}/model-large`);
  return { send: { "open large files": send }, receive: { "commit large files": receive } };
}

/** Returns the processor time of a call, in seconds. */
function processorTime(calls: number, call: () => void): number {
  for (let done = 0; done < calls; done++) call();
  const before = process.cpuUsage();
  for (let done = 0; done < calls; done++) call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6 / calls;
}
