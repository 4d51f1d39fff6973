/** Items of a transfer, with their steps, from the costs of the stages. */

import { PACK_FILE_LIMIT, PACK_RECORDS } from "../../../src/protocol/limits.ts";
import { add, blockCosts, type BothEnds, type Costs, costsOf, type Stages } from "./costs.ts";
import type { Step } from "./thread.ts";
import type { Item } from "./transfer.ts";

/** Frames of packs are sent when this number of bytes is reached. */
const PACK_FRAME_BYTES = 1 << 20;

/** Returns the blocks of one large file. Its writes hold the lock of the file, as the kernel serializes them. */
export function* largeFile(
  costs: Costs,
  bytes: number,
  { blockBytes = 1 << 20, file = 0 } = {},
): Generator<Item> {
  const whole = blockItem(blockCosts(costs, blockBytes), blockBytes, file);
  for (let at = 0; at < bytes; at += blockBytes) {
    const length = Math.min(blockBytes, bytes - at);
    yield length === blockBytes ? whole : blockItem(blockCosts(costs, length), length, file);
  }
}

/** Returns the item with the work for the file besides its blocks. */
function withFile(item: Item, { send, receive }: BothEnds): Item {
  return { ...item, send: [...stepsOf(send), ...item.send], receive: [...item.receive, ...stepsOf(receive)] };
}

/** Returns the frames of small files, with the numbers of records that the walk puts into one. */
export function* smallFiles(costs: Costs, sizes: Iterable<number>): Generator<Item> {
  let work: BothEnds = { send: {}, receive: {} };
  let bytes = 0;
  let files = 0;
  const flush = (): Item => {
    const item = { bytes, send: stepsOf(work.send), receive: stepsOf(inOrder(work.receive, "receive")) };
    work = { send: {}, receive: {} };
    bytes = files = 0;
    return item;
  };
  for (const size of sizes) {
    if (files > 0 && (files === PACK_RECORDS || bytes + size > PACK_FRAME_BYTES)) yield flush();
    const file = costsOf(costs.packs, size);
    work = { send: add(work.send, file.send), receive: add(work.receive, file.receive) };
    bytes += size;
    files++;
  }
  if (files > 0) yield flush();
}

/** Returns the items of files of these sizes: large ones in blocks, small ones in packs. */
export function* mixedFiles(costs: Costs, sizes: number[]): Generator<Item> {
  for (const [file, size] of sizes.entries()) {
    if (size <= PACK_FILE_LIMIT) continue;
    let isFirst = true;
    for (const item of largeFile(costs, size, { file })) {
      yield isFirst ? withFile(item, costs.largeFiles) : item;
      isFirst = false;
    }
  }
  yield* smallFiles(costs, sizes.filter((size) => size <= PACK_FILE_LIMIT));
}

function blockItem({ send, receive }: BothEnds, bytes: number, file: number): Item {
  const steps = stepsOf(inOrder(receive, "receive"));
  return {
    bytes,
    send: stepsOf(send),
    receive: steps.map((step) => step.stage === "write file" ? { ...step, holds: `file ${file}` } : step),
  };
}

function stepsOf(stages: Stages): Step[] {
  return Object.entries(stages).map(([stage, seconds]) => ({ stage, seconds }));
}

/** Returns the stages with this one first. */
function inOrder(stages: Stages, first: string): Stages {
  return { [first]: stages[first] ?? 0, ...stages };
}
