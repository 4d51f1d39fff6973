/** Ends threads that wait for a connection, and then lets something come on it: a process of its own, as it may crash. */

import { descriptorOf, duplicate } from "../../src/native/net/sockets.ts";
import { connectPair } from "./connected_pair.ts";

for (let round = 0; round < 20; round++) {
  using pair = await connectPair();
  const worker = new Worker(import.meta.resolve("./waiting_worker.ts"), { type: "module" });
  await new Promise((resolve) => {
    worker.onmessage = resolve;
    worker.postMessage(duplicate(descriptorOf(pair.near)!));
  });
  worker.terminate();
  // Its memory goes some time later.
  await new Promise((resolve) => setTimeout(resolve, 30));
  await pair.far.write(new Uint8Array(1));
  const others = Array.from({ length: 5_000 }, () => new ArrayBuffer(8));
  await new Promise((resolve) => setTimeout(resolve, 10));
  if (others.some((other) => new Uint8Array(other).some((byte) => byte !== 0))) {
    throw new Error("Memory was written to");
  }
}
