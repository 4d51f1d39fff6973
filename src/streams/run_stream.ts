/** Runs one stream, in whichever thread: puts engines, frames and the loop of its role together. */

import { loadCipherEngine } from "../crypto/engines.ts";
import { loadFileEngine } from "../files/engine.ts";
import type { Transport } from "../native/transport.ts";
import { FRAME_SLACK_BYTES, PACK_FILE_LIMIT } from "../protocol/limits.ts";
import { Breather } from "./breather.ts";
import { FrameReader, FrameWriter } from "./frames.ts";
import { type ReceiveHost, ReceiveStream } from "./receive_stream.ts";
import { type SendHost, sendStream } from "./send_stream.ts";
import type { ReceiveReport, SendReport } from "./unit.ts";
import { FRAMES_BEFORE, type StreamJob, type StreamKeysOf } from "./stream_job.ts";

/** Both kinds of host; a stream uses what its role needs. */
export interface StreamHost extends Omit<SendHost, "report">, Omit<ReceiveHost, "report"> {
  report(report: SendReport | ReceiveReport): void;
}

/** A stream under way. */
export interface RunningStream {
  /** Resolves when both directions have had their last frame; rejects with what broke the stream. */
  done: Promise<void>;
  /** A ranged file is finished or given up. */
  forget(file: number): void;
}

/** Starts a stream on a transport, which is closed at its end. */
export function runStream(job: StreamJob, keys: StreamKeysOf, transport: Transport, host: StreamHost): RunningStream {
  const forgotten: number[] = [];
  const running: { receive?: ReceiveStream } = {};
  const done = run(job, keys, transport, host, (receive) => {
    running.receive = receive;
    for (const file of forgotten) receive.forget(file);
  });
  return {
    done,
    forget(file) {
      if (running.receive) running.receive.forget(file);
      else forgotten.push(file);
    },
  };
}

async function run(
  job: StreamJob,
  keys: StreamKeysOf,
  transport: Transport,
  host: StreamHost,
  started: (receive: ReceiveStream) => void,
): Promise<void> {
  const payloadLimit = Math.max(job.blockBytes, PACK_FILE_LIMIT) + FRAME_SLACK_BYTES;
  const cipher = loadCipherEngine(job.cipherEngine).engine;
  const files = loadFileEngine(job.fileEngine).engine;
  const breather = new Breather();
  const { role } = job;
  const writer = await FrameWriter.create(cipher, transport, keys.sendKey, FRAMES_BEFORE);
  const reader = await FrameReader.create(cipher, transport, keys.receiveKey, {
    payloadLimit,
    received: FRAMES_BEFORE,
    readAhead: true,
  });
  try {
    if (role.type === "send") {
      const source = files.sourceReader(role.roots);
      try {
        await sendStream({ reader, writer, source, host, breather, blockBytes: job.blockBytes, payloadLimit });
      } finally {
        source.close();
      }
    } else {
      const token = `${role.options.token}${keys.index.toString(36)}`;
      const target = files.targetWriter(role.roots, { ...role.options, token });
      const stream = new ReceiveStream({ reader, writer, target, host, breather, blockBytes: job.blockBytes });
      started(stream);
      try {
        await stream.run();
      } finally {
        stream.close();
        target.abort();
        target.close();
      }
    }
  } finally {
    // The loops of a broken stream may still be in a read or a write: closing the transport ends them.
    transport.close();
    breather.close();
    reader.close();
    writer.close();
  }
}
