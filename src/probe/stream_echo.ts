/** Measures round trips on a stream: the peer returns every frame of kind keepAlive. See WIRE_FORMAT.md, "Measurements". */

import type { CipherEngine } from "../crypto/cipher.ts";
import { ProtocolError } from "../errors.ts";
import { ConnTransport } from "../net/transport.ts";
import { FrameKind } from "../protocol/data/frame.ts";
import type { AuthenticatedStream } from "../session/model/session.ts";
import { FRAME_START, frameBuffer, FrameReader, FrameWriter } from "../streams/frames/frames.ts";
import { FRAMES_BEFORE } from "../streams/run/job.ts";

/** Most answers to one stream. */
const MOST_ECHOES = 1000;

/** Client: times some round trips and ends the stream. @returns milliseconds of each. */
export async function timeEchoes(
  stream: AuthenticatedStream,
  engine: CipherEngine,
  { rounds, idleTimeoutMs }: { rounds: number; idleTimeoutMs: number },
): Promise<number[]> {
  return await withFrames(stream, engine, idleTimeoutMs, async ({ next, say }) => {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const sentAt = performance.now();
      await say(FrameKind.keepAlive);
      if (await next() !== FrameKind.keepAlive) throw unexpected();
      times.push(performance.now() - sentAt);
    }
    await say(FrameKind.end);
    if (await next() !== FrameKind.end) throw unexpected();
    return times;
  });
}

/** Remote end: answers until the client ends the stream. */
export async function answerEchoes(
  stream: AuthenticatedStream,
  engine: CipherEngine,
  idleTimeoutMs: number,
): Promise<void> {
  await withFrames(stream, engine, idleTimeoutMs, async ({ next, say }) => {
    for (let echo = 0; echo <= MOST_ECHOES; echo++) {
      const kind = await next();
      if (kind !== FrameKind.keepAlive && kind !== FrameKind.end) break;
      await say(kind);
      if (kind === FrameKind.end) return;
    }
    throw unexpected();
  });
}

/** Frames without a payload. */
interface Words {
  next(): Promise<number>;
  say(kind: number): Promise<void>;
}

/** Closes the connection in the end. */
async function withFrames<T>(
  { conn, sendKey, receiveKey }: AuthenticatedStream,
  engine: CipherEngine,
  idleTimeoutMs: number,
  work: (words: Words) => Promise<T>,
): Promise<T> {
  const transport = new ConnTransport(conn, { idleTimeoutMs });
  const writer = await FrameWriter.create(engine, transport, sendKey, FRAMES_BEFORE);
  const options = { payloadLimit: 0, received: FRAMES_BEFORE, readAhead: false };
  const reader = await FrameReader.create(engine, transport, receiveKey, options);
  try {
    return await work({
      async next() {
        await reader.next();
        return reader.kind;
      },
      say: (kind) => writer.write(kind, frameBuffer(0), FRAME_START, 0),
    });
  } finally {
    transport.close();
    reader.close();
    writer.close();
  }
}

function unexpected(): ProtocolError {
  return new ProtocolError("bad-frame", "Cannot accept this frame on a stream that only echoes");
}
