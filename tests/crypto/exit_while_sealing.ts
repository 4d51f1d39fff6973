/** Program of exit_test.ts: exits while its Workers seal. */

const workers = Array.from({ length: 3 }, () => {
  return new Worker(import.meta.resolve("./sealing_worker.ts"), { type: "module" });
});
await Promise.all(workers.map((worker) => new Promise((resolve) => worker.onmessage = resolve)));
Deno.exit(7);
