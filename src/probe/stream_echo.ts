/** Measures round trips on a stream: the peer returns every frame of kind keepAlive. See WIRE_FORMAT.md, "Measurements". */

import type { CipherEngine } from "../crypto/cipher.ts";
import { ProtocolError } from "../errors.ts";
import { ConnTransport } from "../net/transport.ts";
import { FrameKind } from "../protocol/data/frame.ts";
import type { AuthenticatedStream } from "../session/model/session.ts";
import { FRAME_START, frameBuffer, FrameReader, FrameWriter } from "../streams/frames/frames.ts";
import { HANDSHAKE_FRAMES } from "../streams/run/job.ts";

/** Maximum number of echoes on one stream. */
const MAX_ECHOES = 1000;

/** On the client: times some round trips and ends the stream. @returns their times in milliseconds. */
export async function timeEchoes(
  stream: AuthenticatedStream,
  engine: CipherEngine,
  { rounds, idleTimeoutMs }: { rounds: number; idleTimeoutMs: number },
): Promise<number[]> {
  return await withFrames(stream, engine, idleTimeoutMs, async ({ receive, send }) => {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const sentAt = performance.now();
      await send(FrameKind.keepAlive);
      if (await receive() !== FrameKind.keepAlive) throw unexpected();
      times.push(performance.now() - sentAt);
    }
    await send(FrameKind.end);
    if (await receive() !== FrameKind.end) throw unexpected();
    return times;
  });
}

/** On the remote host: echoes frames until the client ends the stream. */
export async function answerEchoes(
  stream: AuthenticatedStream,
  engine: CipherEngine,
  idleTimeoutMs: number,
): Promise<void> {
  await withFrames(stream, engine, idleTimeoutMs, async ({ receive, send }) => {
    for (let echo = 0; echo <= MAX_ECHOES; echo++) {
      const kind = await receive();
      if (kind !== FrameKind.keepAlive && kind !== FrameKind.end) break;
      await send(kind);
      if (kind === FrameKind.end) return;
    }
    throw unexpected();
  });
}

/** Sends and receives frames without a payload. */
interface EmptyFrames {
  receive(): Promise<number>;
  send(kind: number): Promise<void>;
}

/** Calls a function with the frames of a stream, then closes the connection. */
async function withFrames<T>(
  { conn, sendKey, receiveKey }: AuthenticatedStream,
  engine: CipherEngine,
  idleTimeoutMs: number,
  work: (frames: EmptyFrames) => Promise<T>,
): Promise<T> {
  const transport = new ConnTransport(conn, { idleTimeoutMs });
  const writer = await FrameWriter.create(engine, transport, sendKey, HANDSHAKE_FRAMES);
  const options = { payloadLimit: 0, received: HANDSHAKE_FRAMES, readAhead: false };
  const reader = await FrameReader.create(engine, transport, receiveKey, options);
  try {
    return await work({
      async receive() {
        await reader.next();
        return reader.kind;
      },
      send: (kind) => writer.write(kind, frameBuffer(0), FRAME_START, 0),
    });
  } finally {
    transport.close();
    reader.close();
    writer.close();
  }
}

function unexpected(): ProtocolError {
  return new ProtocolError("bad-frame", "Cannot accept this frame: the stream is only for echoes");
}
