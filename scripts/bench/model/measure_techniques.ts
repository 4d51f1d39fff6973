/** Measures techniques that escp does not use, or does not always use. Times are per block. Linux. */

import { alignedBuffer } from "../../../src/native/libc/aligned_buffer.ts";
import { IPPROTO_TCP, setOption, TCP_NODELAY } from "../../../src/native/net/socket_calls.ts";
import { descriptorOf } from "../../../src/native/net/socket_descriptor.ts";
import type { Techniques } from "./costs.ts";
import { connectPairs, measureEnds } from "./measure_ends.ts";
import { measureDirectReads, measureDirectWrites } from "./measure_direct.ts";
import { measureWrites } from "./measure_writes.ts";
import { ThreadClock } from "./thread_clock.ts";
import { ZerocopySocket } from "./zerocopy_socket.ts";

const BLOCK_BYTES = 1 << 20;
const BLOCKS = 128;
const MAX_RECEIVED_BYTES = 256 << 20;
const CONNECTIONS = 100;
/** More than the caches of a core contain. */
const COPY_BUFFERS = 64;

export interface TechniqueOptions {
  /** Directory in memory. */
  directory: string;
  /** Existing source file, and target file, in that directory. */
  source: string;
  target: string;
  bytes: number;
  disk?: string;
}

export async function measureTechniques(
  { directory, source, target, bytes, disk }: TechniqueOptions,
): Promise<Techniques> {
  const plain = await measureSends(false);
  const zerocopy = await measureSends(true);
  const [receiveAcross, receiveSame] = navigator.hardwareConcurrency > 1
    ? [await measureReceive(source, target, bytes, [0, 1]), await measureReceive(source, target, bytes, [0, 0])]
    : [NaN, NaN];
  return {
    blockBytes: BLOCK_BYTES,
    plainSend: plain.seconds,
    zerocopySend: zerocopy.seconds,
    zerocopyCopied: zerocopy.copied,
    copy: measureCopy(),
    receiveAcross,
    receiveSame,
    ...disk === undefined ? {} : {
      directRead: await measureDirectReads(disk, BLOCK_BYTES),
      directWrite: measureDirectWrites(disk, BLOCK_BYTES),
    },
    writes: await measureWrites(directory, BLOCK_BYTES),
    connection: await measureConnections(),
  };
}

/** Sends blocks to a connection that the same thread reads. */
async function measureSends(zerocopy: boolean): Promise<{ seconds: number; copied: boolean }> {
  const [[sender, receiver]] = await connectPairs(1);
  const descriptors = [sender, receiver].map((conn) => descriptorOf(conn)!);
  for (const fd of descriptors) setOption(fd, IPPROTO_TCP, TCP_NODELAY, new Int32Array([1]));
  const from = new ZerocopySocket(descriptors[0], zerocopy);
  const to = new ZerocopySocket(descriptors[1], false);
  const clock = new ThreadClock();
  const buffers = [alignedBuffer(BLOCK_BYTES), alignedBuffer(BLOCK_BYTES)];
  const received = alignedBuffer(BLOCK_BYTES);
  try {
    for (let block = 0; block < 2 * BLOCKS; block++) {
      // The first half is a warm-up.
      if (block === BLOCKS) clock.reset();
      const bytes = buffers[block % 2];
      bytes.fill(block);
      for (let sent = 0, read = 0; read < BLOCK_BYTES;) {
        if (sent < BLOCK_BYTES) sent += clock.time("send", () => from.send(bytes, sent));
        read += to.receive(received);
        clock.time("send", () => from.readCompletions());
      }
    }
    return { seconds: clock.seconds.send / BLOCKS, copied: from.copied };
  } finally {
    sender.close();
    receiver.close();
  }
}

/** Returns the time of receiving a block if both threads are bound to these CPUs. */
async function measureReceive(path: string, target: string, bytes: number, cpus: [number, number]): Promise<number> {
  const blocks = { bytes: Math.min(bytes, MAX_RECEIVED_BYTES), blockBytes: BLOCK_BYTES };
  const { receive } = await measureEnds(
    { role: "send", blocks: { ...blocks, path }, cpu: cpus[0] },
    { role: "receive", blocks: { ...blocks, path: target }, cpu: cpus[1] },
    1,
  );
  return receive.seconds.receive / (blocks.bytes / BLOCK_BYTES);
}

/** Returns the time of a copy from the cache of the core to memory. */
function measureCopy(): number {
  const clock = new ThreadClock();
  const source = alignedBuffer(BLOCK_BYTES);
  const targets = Array.from({ length: COPY_BUFFERS }, () => alignedBuffer(BLOCK_BYTES));
  for (const target of targets) target.fill(1);
  for (const target of targets) {
    source.fill(2);
    clock.time("copy", () => target.set(source));
  }
  return clock.seconds.copy / COPY_BUFFERS;
}

/** Returns the time of opening and closing a connection, both ends together. */
async function measureConnections(): Promise<number> {
  const started = performance.now();
  for (const conn of (await connectPairs(CONNECTIONS)).flat()) conn.close();
  return (performance.now() - started) / 1000 / CONNECTIONS;
}
