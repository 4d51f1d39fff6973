/** Measures two threads that write to one file, and to two files, at the same time. */

import type { WriteWork } from "./write_worker.ts";

const BLOCKS = 128;

/** Returns the elapsed time per block of each thread. */
export async function measureWrites(
  directory: string,
  blockBytes: number,
): Promise<{ oneFile: number; twoFiles: number }> {
  return {
    oneFile: await measure(directory, blockBytes, ["model-a", "model-a"]),
    twoFiles: await measure(directory, blockBytes, ["model-a", "model-b"]),
  };
}

async function measure(directory: string, blockBytes: number, names: string[]): Promise<number> {
  for (const name of names) Deno.writeFileSync(`${directory}/${name}`, new Uint8Array());
  const workers = names.map((name, index) => {
    const worker = new Worker(new URL("write_worker.ts", import.meta.url), { type: "module" });
    const work: WriteWork = { directory, name, start: index * BLOCKS * blockBytes, blocks: BLOCKS, blockBytes };
    return { worker, work };
  });
  try {
    const answers = () =>
      Promise.all(workers.map(({ worker }) =>
        new Promise<void>((resolve, reject) => {
          worker.onmessage = () => resolve();
          worker.onerror = (event) => {
            event.preventDefault();
            reject(new Error(event.message));
          };
        })
      ));
    const ready = answers();
    for (const { worker, work } of workers) worker.postMessage(work);
    await ready;
    const done = answers();
    const started = performance.now();
    for (const { worker } of workers) worker.postMessage("start");
    await done;
    return (performance.now() - started) / 1000 / BLOCKS;
  } finally {
    for (const { worker } of workers) worker.terminate();
    for (const name of new Set(names)) Deno.removeSync(`${directory}/${name}`);
  }
}
