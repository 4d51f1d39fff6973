/** Terminates threads that wait for a connection, then sends data to it. A separate process, because it may crash. */

import { descriptorOf, duplicate } from "../../src/native/net/socket_descriptor.ts";
import { delay } from "@std/async/delay";
import { connectPair } from "./connected_pair.ts";

for (let round = 0; round < 20; round++) {
  using pair = await connectPair();
  const worker = new Worker(import.meta.resolve("./waiting_worker.ts"), { type: "module" });
  await new Promise((resolve) => {
    worker.onmessage = resolve;
    worker.postMessage(duplicate(descriptorOf(pair.near)!));
  });
  worker.terminate();
  // The memory of the thread is freed some time later.
  await delay(30);
  await pair.far.write(new Uint8Array(1));
  const others = Array.from({ length: 5_000 }, () => new ArrayBuffer(8));
  await delay(10);
  if (others.some((other) => new Uint8Array(other).some((byte) => byte !== 0))) {
    throw new Error("Memory was written to");
  }
}
