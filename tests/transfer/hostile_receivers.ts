/** Receivers that break the rules, on either end, and the messages of the sender about them. */

import { delay } from "@std/async/delay";
import { readBlockHeader } from "../../src/protocol/data/block.ts";
import { FrameKind } from "../../src/protocol/data/frame.ts";
import { MAX_BLOCK_BYTES } from "../../src/protocol/limits.ts";
import type { Message, MessageOf } from "../../src/protocol/control/messages.ts";
import { PACK_HEADER_BYTES, readPackHeader } from "../../src/protocol/data/pack.ts";
import { RecordCursor, RecordField, RecordType } from "../../src/protocol/data/records.ts";
import type { Failure } from "../../src/protocol/failure.ts";
import type { ByteRange } from "../../src/protocol/data/range_sums.ts";
import type { ControlChannel } from "../../src/session/model/control_channel.ts";
import type { HostileStream } from "./hostile_stream.ts";

/** A receiver whose target is ready. */
export interface Receiving {
  control: ControlChannel;
  /** Opens the only stream. */
  stream(): Promise<HostileStream>;
  /** Closes all connections, and accepts no others. Only on the remote end. */
  disconnect?(): Promise<void>;
}

/** Sources: a directory with small files, or one large file. */
export const SOURCES = { small: "dir", large: "large" } as const;
export const LARGE_BYTES = 2 << 20;
export const SMALL_FILES = 3;

interface Trick {
  of: keyof typeof SOURCES;
  problem: RegExp;
  /** Only a client has a terminal to print on. */
  isShown?: boolean;
  play(receiving: Receiving): Promise<unknown>;
}

const WHOLE = [{ start: 0, end: LARGE_BYTES }];
const nothing = { files: 0, bytes: 0, failures: [] };
const unsent: Failure = { code: "", path: "", message: "", hint: "" };
const NOT_SENT = /bad-order.*not everything was sent/;
/** Control characters for a terminal. */
const ESCAPES = "\x1b[2J\x07\u009b31m\u202e\r\nescp: all is well";

export const TRICKS: Record<string, Trick> = {
  "reports that it has finished before anything was sent": {
    of: "small",
    problem: NOT_SENT,
    play: ({ control }) => say(control, { type: "finished", files: SMALL_FILES, bytes: 30, failures: [] }),
  },
  "reports that it has finished in the middle of small files": {
    of: "small",
    problem: NOT_SENT,
    async play({ control, stream }) {
      await packOf(await stream());
      await say(control, { type: "finished", ...nothing });
    },
  },
  "reports that it has finished in the middle of a large file": {
    of: "large",
    problem: NOT_SENT,
    async play({ control, stream }) {
      await stream();
      const { file } = await opening(control);
      control.send({ type: "opened", file, missing: WHOLE, sequential: false });
      await say(control, { type: "finished", files: 1, bytes: LARGE_BYTES, failures: [] });
    },
  },
  "gives the reason after it has closed its connections": {
    of: "small",
    problem: /the thread of a stream failed/,
    isShown: true,
    async play({ control, stream, disconnect }) {
      await packOf(await stream());
      await disconnect!();
      // The client has no connection then, and cannot open one.
      await delay(300);
      await say(control, { type: "abort", code: "failed", message: "the thread of a stream failed" });
    },
  },
  "counts more files": {
    of: "small",
    problem: /this end counts/,
    async play({ control, stream }) {
      await takeSmall(await stream());
      const { files, bytes } = await finishing(control);
      await say(control, { type: "finished", files: files + 1, bytes, failures: [] });
    },
  },
  "counts fewer bytes": {
    of: "small",
    problem: /this end counts/,
    async play({ control, stream }) {
      await takeSmall(await stream());
      const { files, bytes } = await finishing(control);
      await say(control, { type: "finished", files, bytes: bytes - 1, failures: [] });
    },
  },
  "has written another small file": {
    of: "small",
    problem: /reports another CRC-32/,
    async play({ control, stream }) {
      await takeSmall(await stream(), (crc32) => crc32 ^ 1);
      const { files, bytes } = await finishing(control);
      await say(control, { type: "finished", files, bytes, failures: [] });
    },
  },
  "has written another part of a large file": {
    of: "large",
    problem: /reports another CRC-32/,
    async play({ control, stream }) {
      const only = await stream();
      const { file } = await opening(control);
      control.send({ type: "opened", file, missing: WHOLE, sequential: false });
      await only.answer({ type: "range", unit: await rangeOf(only), bytes: LARGE_BYTES, crc32: 1 });
      await only.frame(FrameKind.end);
      await only.send(FrameKind.end);
      await finishing(control);
      await say(control, { type: "finished", ...nothing });
    },
  },
  "answers what was never sent": {
    of: "small",
    problem: /bad-result/,
    play: async ({ stream }) => await (await stream()).answer({ type: "pack", unit: 77, outcomes: [1] }),
  },
  "answers for more than was sent": {
    of: "small",
    problem: /bad-result/,
    async play({ stream }) {
      const only = await stream();
      const { unit, sums } = await packOf(only);
      await only.answer({ type: "pack", unit, outcomes: [...sums, ...sums] });
    },
  },
  "answers twice": {
    of: "small",
    problem: /bad-result/,
    async play({ stream }) {
      const only = await stream();
      const { unit, sums } = await packOf(only);
      for (let times = 0; times < 2; times++) await only.answer({ type: "pack", unit, outcomes: sums });
    },
  },
  "answers what was not asked": {
    of: "small",
    problem: /bad-result/,
    async play({ stream }) {
      const only = await stream();
      const { unit, sums } = await packOf(only);
      await only.answer({ type: "answer", unit, outcomes: sums.map(() => 0) });
    },
  },
  "fails with words that a terminal would obey": {
    of: "small",
    problem: /Cannot write/,
    isShown: true,
    async play({ control, stream }) {
      const failure = { code: "EVIL", path: ESCAPES, message: `Cannot write ${ESCAPES}`, hint: ESCAPES };
      await takeSmall(await stream(), () => failure);
      await finishing(control);
      await say(control, { type: "finished", files: 0, bytes: 0, failures: [failure] });
    },
  },
  "ends its stream before the sender": {
    of: "small",
    problem: /bad-order/,
    play: async ({ stream }) => await (await stream()).send(FrameKind.end),
  },
  "sends files itself": {
    of: "small",
    problem: /bad-frame/,
    play: async ({ stream }) => await (await stream()).pack({ type: RecordType.directory, name: "" }),
  },
  "opens what was never announced": {
    of: "large",
    problem: /bad-order.*file 77/,
    async play({ control }) {
      await opening(control);
      await say(control, { type: "opened", file: 77, missing: WHOLE, sequential: false });
    },
  },
  "opens a file twice": {
    of: "large",
    problem: /bad-order.*it is open/,
    async play({ control }) {
      const { file } = await opening(control);
      for (let times = 0; times < 2; times++) {
        control.send({ type: "opened", file, missing: WHOLE, sequential: false });
      }
    },
  },
  "has a large file in place before it has got it": {
    of: "large",
    problem: /bad-order.*it is announced/,
    async play({ control }) {
      const { file } = await opening(control);
      await say(control, { type: "closed", file, bytes: LARGE_BYTES, crc32: 0 });
    },
  },
  "confirms a large file before it was closed": {
    of: "large",
    problem: /bad-order.*it is open/,
    async play({ control }) {
      const { file } = await opening(control);
      control.send({ type: "opened", file, missing: WHOLE, sequential: false });
      await say(control, { type: "closed", file, bytes: LARGE_BYTES, crc32: 0 });
    },
  },
  "gives up what was never announced": {
    of: "large",
    problem: /bad-order.*file 77/,
    async play({ control }) {
      await opening(control);
      await say(control, { type: "unopened", file: 77, failure: unsent });
    },
  },
  "offers the old file of a file that replaces none": {
    of: "large",
    problem: /bad-message.*old file/,
    async play({ control }) {
      const { file } = await opening(control);
      const delta = { size: LARGE_BYTES, key: new Uint8Array(16) };
      await say(control, { type: "opened", file, missing: WHOLE, sequential: false, delta });
    },
  },
  "asks for what is beyond the end": asking([{ start: 0, end: 2 ** 52 }]),
  "asks for some of it twice": asking([...WHOLE, { start: 1, end: 2 }]),
  "asks for nothing of it": asking([]),
  "becomes ready twice": {
    of: "small",
    problem: /bad-order/,
    play: ({ control }) => say(control, { type: "ready" }),
  },
  "refuses what it has taken": {
    of: "small",
    problem: /bad-order/,
    play: ({ control }) => say(control, { type: "refused", failure: unsent }),
  },
  "sends a message of a sender": {
    of: "small",
    problem: /bad-order/,
    play: ({ control }) => say(control, { type: "finish", files: 0, bytes: 0 }),
  },
};

function asking(missing: ByteRange[]): Trick {
  return {
    of: "large",
    problem: /bad-message.*ranges/,
    async play({ control }) {
      const { file } = await opening(control);
      await say(control, { type: "opened", file, missing, sequential: false });
    },
  };
}

async function say(control: ControlChannel, message: Message): Promise<void> {
  control.send(message);
  await control.flushed();
}

/** Returns the file that the sender announces. */
async function opening(control: ControlChannel): Promise<MessageOf<"open">> {
  for (;;) {
    const message = await control.expect("open", "totals", "note");
    if (message.type === "open") return message;
  }
}

/** Returns the sender's last message. */
async function finishing(control: ControlChannel): Promise<MessageOf<"finish">> {
  for (;;) {
    const message = await control.expect("finish", "open", "drop", "totals", "failed", "note");
    if (message.type === "finish") return message;
  }
}

/** Returns the next pack: its unit, and the honest outcomes. */
async function packOf(stream: HostileStream): Promise<{ unit: number; sums: number[] }> {
  const payload = await stream.frame(FrameKind.pack);
  const { unit } = readPackHeader(new DataView(payload.buffer), 0, payload.length, 0);
  const cursor = new RecordCursor(payload, PACK_HEADER_BYTES, payload.length, { plan: false });
  const sums: number[] = [];
  while (cursor.next()) {
    if (cursor.type !== RecordType.enter) {
      sums.push(cursor.type === RecordType.file ? cursor.uint32(RecordField.crc32) : 0);
    }
  }
  return { unit, sums };
}

/** Receives the only pack, changes each outcome, and ends the stream regularly. */
async function takeSmall(stream: HostileStream, answer: (crc32: number) => number | Failure = (crc32) => crc32) {
  const { unit, sums } = await packOf(stream);
  await stream.answer({ type: "pack", unit, outcomes: sums.map(answer) });
  await stream.frame(FrameKind.end);
  await stream.send(FrameKind.end);
}

/** Receives all blocks of a range. @returns its unit. */
async function rangeOf(stream: HostileStream): Promise<number> {
  for (;;) {
    const payload = await stream.frame(FrameKind.block);
    const block = readBlockHeader(new DataView(payload.buffer), 0, payload.length, MAX_BLOCK_BYTES);
    if (block.last) return block.unit;
  }
}
