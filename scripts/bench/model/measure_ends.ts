/** Runs both ends of a measurement in Workers. */

import process from "node:process";
import { descriptorOf, duplicate } from "../../../src/native/net/socket_descriptor.ts";
import type { EndTimes, EndWork } from "./measure_worker.ts";

/** Results of both ends, and the processor time of all other threads of this process. */
export interface MeasuredEnds {
  send: EndTimes;
  receive: EndTimes;
  others: number;
}

/** Runs both ends in Workers, over connections on loopback. */
export async function measureEnds(
  send: Omit<EndWork, "descriptors">,
  receive: Omit<EndWork, "descriptors">,
  streams: number,
): Promise<MeasuredEnds> {
  const connections = await connectPairs(streams);
  const workers = [send, receive].map((work, end) => {
    const worker = new Worker(new URL("measure_worker.ts", import.meta.url), { type: "module" });
    const descriptors = connections.map((pair) => duplicate(descriptorOf(pair[end])!));
    return new MeasuringWorker(worker, { ...work, descriptors });
  });
  try {
    await Promise.all(workers.map((worker) => worker.next()));
    const before = process.cpuUsage();
    for (const worker of workers) worker.start();
    const [sent, received] = await Promise.all(workers.map((worker) => worker.next())) as EndTimes[];
    const { user, system } = process.cpuUsage(before);
    const others = Math.max(0, (user + system) / 1e6 - sent.threadSeconds - received.threadSeconds);
    return { send: sent, receive: received, others };
  } finally {
    for (const worker of workers) worker.close();
    for (const conn of connections.flat()) conn.close();
  }
}

/** A Worker that answers "ready", and then its times. */
class MeasuringWorker {
  readonly #worker: Worker;
  readonly #messages: (EndTimes | "ready" | Error)[] = [];
  #wake = () => {};

  constructor(worker: Worker, work: EndWork) {
    this.#worker = worker;
    worker.onmessage = ({ data }) => this.#add(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#add(new Error(event.message));
    };
    worker.postMessage(work);
  }

  start(): void {
    this.#worker.postMessage("start");
  }

  /** Returns the next message. @throws {Error} of the Worker. */
  async next(): Promise<EndTimes | "ready"> {
    if (this.#messages.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
    const message = this.#messages.shift()!;
    if (message instanceof Error) throw message;
    return message;
  }

  close(): void {
    this.#worker.terminate();
  }

  #add(message: EndTimes | "ready" | Error): void {
    this.#messages.push(message);
    this.#wake();
  }
}

/** Returns both ends of connections on loopback. */
export async function connectPairs(count: number): Promise<[Deno.TcpConn, Deno.TcpConn][]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const pairs: [Deno.TcpConn, Deno.TcpConn][] = [];
  const { port } = listener.addr as Deno.NetAddr;
  for (let made = 0; made < count; made++) {
    const [accepted, connected] = await Promise.all([listener.accept(), Deno.connect({ hostname: "127.0.0.1", port })]);
    pairs.push([connected, accepted as Deno.TcpConn]);
  }
  return pairs;
}
