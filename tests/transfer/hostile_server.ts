/**
 * A remote end that breaks the rules: `hostile_server.ts TRICK ...`, instead of ssh. The client requests a directory "dir"
 * or a file "file". The tricks try to reach "outside", beside the target.
 */

import { crc32 } from "../../src/protocol/crc32.ts";
import { FrameKind } from "../../src/protocol/data/frame.ts";
import type { Message, WireSource } from "../../src/protocol/control/messages.ts";
import { RecordType } from "../../src/protocol/data/records.ts";
import type { WirePath } from "../../src/protocol/wire_path.ts";
import type { AuthenticatedStream } from "../../src/session/model/session.ts";
import { fixedCount } from "../../src/session/model/stream_count.ts";
import type { TestRecord } from "../protocol/record.ts";
import { ALIKE } from "./alike_names.ts";
import { engine, openHostileEnd, play } from "./hostile_end.ts";
import { HostileStream, packPayload } from "./hostile_stream.ts";

const session = await openHostileEnd();
const { control } = session;
const isDirectory = session.job.direction === "pull" && session.job.recursive;
const OWN: WireSource = isDirectory
  ? { operand: 0, name: "dir", kind: "folder", dev: 1, inode: 2 }
  : { operand: 0, name: "file", kind: "file", dev: 1, inode: 2 };
const ATTRIBUTES = { mode: 0o644, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, atime: 0, atimeNs: 0 };
const ROOT: TestRecord = { type: RecordType.directory, name: "", fields: { mode: 0o755 } };

/** Offers the sources, and opens the streams. */
async function begin(sources: WireSource[] = [OWN]): Promise<HostileStream> {
  const found = { files: 1, bytes: 1, complete: true, last: true };
  control.send({ type: "sources", sources, operands: 1, host: "hostile", ...found });
  await control.expect("ready");
  const { count } = await control.expect("streams");
  const proven = await new Promise<AuthenticatedStream>((resolve) => void session.bringUp(fixedCount(count), resolve));
  return await HostileStream.create(proven, engine);
}

/** Plays the same on each connection, including replacements. */
async function everyStream(spoil: (stream: HostileStream) => Promise<void>): Promise<void> {
  const found = { files: 1, bytes: 1, complete: true, last: true };
  control.send({ type: "sources", sources: [OWN], operands: 1, host: "hostile", ...found });
  await control.expect("ready");
  const { count } = await control.expect("streams");
  session.bringUp(fixedCount(count), (proven) => {
    HostileStream.create(proven, engine).then(spoil).catch(() => {});
  });
  await control.next();
}

async function finish(files: number, bytes: number): Promise<void> {
  control.send({ type: "finish", files, bytes });
  await control.expect("finished");
}

/** Sends one pack and a regular end. */
async function pack(...records: TestRecord[]): Promise<void> {
  const stream = await begin();
  await stream.pack(...records);
  await stream.result();
  await stream.end();
  await finish(1, 7);
}

/** Sends packs, each a unit, and a regular end. */
async function packs(all: TestRecord[][]): Promise<void> {
  const stream = await begin();
  const done = { files: 0, bytes: 0 };
  for (const [unit, records] of all.entries()) {
    await stream.send(FrameKind.pack, packPayload(records, unit));
    const result = await stream.result();
    const files = records.filter(({ type }) => type === RecordType.file);
    const outcomes = result?.type === "pack" ? result.outcomes : [];
    const others = records.length - files.length;
    files.forEach(({ contents = "" }, index) => {
      if (typeof outcomes[others + index] !== "number") return;
      done.files++;
      done.bytes += new TextEncoder().encode(contents).length;
    });
  }
  await stream.end();
  await finish(done.files, done.bytes);
}

const file = (name: string, more: Partial<TestRecord> = {}): TestRecord => (
  { type: RecordType.file, name, contents: "hostile", ...more }
);
const directory = (name: string): TestRecord => ({ type: RecordType.directory, name });

/** Bytes of a block that every client accepts. Files of two blocks are used. */
const BLOCK = 256 << 10;

/** Announces a large file at this path. */
async function open(path: string, root = 0): Promise<void> {
  const stream = await begin();
  control.send({ type: "open", file: 0, root, path: path as WirePath, size: 2 * BLOCK, attributes: ATTRIBUTES });
  const answer = await control.expect("opened", "unopened");
  if (answer.type === "opened") {
    await stream.block({ last: true }, new Uint8Array(BLOCK));
    await stream.block({ unit: 1, offset: BLOCK }, new Uint8Array(BLOCK));
  }
  await stream.end();
  await finish(1, 2 * BLOCK);
}

/** Sends names of a directory, besides an empty directory. */
async function names(root: number, path: string, ...names: string[]): Promise<void> {
  const stream = await begin();
  await stream.pack(ROOT);
  await stream.result();
  control.send({ type: "names", root, path: path as WirePath, names });
  await stream.end();
  await finish(0, 0);
}

/** The client requests the path "listed" in a directory, so that its contents are offered. */
async function listed(play: () => Promise<unknown>): Promise<void> {
  await control.expect("wanted");
  await control.expect("wanted");
  OWN.name = ".";
  await play();
}

const TRICKS: Record<string, () => Promise<unknown>> = {
  "other name": () => begin([{ ...OWN, name: "other" }]),
  "hidden name": () => begin([{ ...OWN, name: ".bashrc" }]),
  "one source twice": () => begin([OWN, OWN]),
  "one source more": () => begin([OWN, { ...OWN, operand: 1 }]),
  "parent": () => begin([{ ...OWN, name: ".." }]),
  "contents": () => begin([{ ...OWN, name: "." }]),
  "path as a name": () => begin([{ ...OWN, name: "dir/../outside" }]),
  "empty name": () => begin([{ ...OWN, name: "" }]),
  "directory for a file": () => begin([{ ...OWN, kind: "folder" }]),

  "no names": () => names(0, ""),
  "names of the directory above": () => names(0, ".."),
  "names of an unknown root": () => names(7, ""),
  "names of a planted link": () => names(0, "planted"),
  "names without their end": async () => {
    const stream = await begin();
    await stream.pack(ROOT);
    control.send({ type: "names", root: 0, path: "" as WirePath, names: [] });
    Deno.exit(0);
  },

  "record ..": () => pack(ROOT, file("..")),
  "record ../outside": () => pack(ROOT, file("../outside")),
  "record absolute": () => pack(ROOT, file("/tmp/escp-hostile")),
  "record empty": () => pack(ROOT, file("")),
  "record NUL": () => pack(ROOT, file("a\0b")),
  "record slash": () => pack(ROOT, file("a/b")),
  "directory ..": () => pack(ROOT, directory(".."), file("outside")),
  "directory a/../..": () => pack(ROOT, directory("a/../.."), file("outside")),
  "directory absolute": () => pack(ROOT, directory("/tmp"), file("escp-hostile")),
  "directory double slash": () => pack(ROOT, directory("a//b"), file("x")),
  "directory dot": () => pack(ROOT, directory("./a"), file("x")),
  "unknown root": () => pack(ROOT, { ...directory("x"), root: 7 }),
  "unknown type": () => pack(ROOT, { type: 77, name: "x" }),
  "directory below a file": () => pack({ type: RecordType.enter, name: "" }, directory("x")),
  "file below a file": () => pack({ type: RecordType.enter, name: "" }, file("x")),
  "link, then through it": () =>
    pack(ROOT, { type: RecordType.symlink, name: "link", contents: ".." }, directory("link"), file("outside")),
  "link, then over it": () =>
    pack(ROOT, { type: RecordType.symlink, name: "link", contents: "../outside" }, file("link")),
  "hard link outside": () => pack(ROOT, { type: RecordType.hardlink, name: "link", contents: "../outside" }),
  "hard link absolute": () => pack(ROOT, { type: RecordType.hardlink, name: "link", contents: "/etc/passwd" }),
  "planted link": () => pack(ROOT, directory("planted"), file("outside")),
  "private names": () =>
    packs([
      [ROOT, file("good"), file(".escp-0123456789abcdef.part")],
      [directory(`.escp-${"0123456789abcdef".repeat(2)}.part`), file("below")],
      [{ type: RecordType.enter, name: "" }, file(".escp-notes")],
    ]),
  "setuid": () => pack(ROOT, file("setuid", { fields: { mode: 0o6777 } })),
  "unannounced directory": () => pack({ type: RecordType.enter, name: "sub" }, file("good")),

  "unlisted record": () => listed(() => pack(ROOT, file("listed"), file("outside"))),
  "unlisted directory": () => listed(() => pack(ROOT, directory("dir"), file("x"))),
  "unlisted name with a listed start": () => listed(() => pack(ROOT, directory("listed more"), file("x"))),
  "unlisted link": () => listed(() => pack(ROOT, { type: RecordType.symlink, name: "link", contents: ".." })),
  "unlisted hard link": () =>
    listed(() => pack(ROOT, file("listed"), { type: RecordType.hardlink, name: "link", contents: "listed" })),
  "unlisted large file": () => listed(() => open("outside")),
  "unlisted large file in a directory": () => listed(() => open("dir/x")),

  "open ../outside": () => open("../outside"),
  "open absolute": () => open("/tmp/escp-hostile"),
  "open empty": () => open(""),
  "open NUL": () => open("a\0b"),
  "open through a planted link": () => open("planted/outside"),
  "open unknown root": () => open("x", 7),
  "open one file twice": async () => {
    await begin();
    const message: Message = {
      ...{ type: "open", file: 0, root: 0, path: "large" as WirePath, size: 2 * BLOCK, attributes: ATTRIBUTES },
    };
    control.send(message);
    control.send(message);
    await control.next();
  },
  "open too many files": async () => {
    await begin();
    for (let number = 0; number < 300; number++) {
      const path = `large ${number}` as WirePath;
      control.send({ type: "open", file: number, root: 0, path, size: 2 * BLOCK, attributes: ATTRIBUTES });
    }
    for (;;) await control.next();
  },
  "close what is not open": async () => {
    await begin();
    control.send({ type: "close", file: 5, size: 0, crc32: 0 });
  },
  "close before it is complete": async () => {
    const stream = await begin();
    const path = "large" as WirePath;
    control.send({ type: "open", file: 0, root: 0, path, size: 2 * BLOCK, attributes: ATTRIBUTES });
    await control.expect("opened");
    await stream.block({}, new Uint8Array(BLOCK));
    await stream.result();
    control.send({ type: "close", file: 0, size: 2 * BLOCK, crc32: 0 });
    await stream.end();
    await finish(1, 2 * BLOCK);
  },
  "block beyond the end": async () => {
    const stream = await begin();
    const path = "large" as WirePath;
    control.send({ type: "open", file: 0, root: 0, path, size: 2 * BLOCK, attributes: ATTRIBUTES });
    await control.expect("opened");
    await stream.block({ offset: 8 * BLOCK }, new Uint8Array(BLOCK));
    await stream.result();
    await stream.end();
    await finish(1, 2 * BLOCK);
  },
  "block of an unopened file": async () => {
    const stream = await begin();
    await stream.block({ file: 99 }, new Uint8Array(BLOCK));
    await stream.end();
    await finish(1, BLOCK);
  },
  "block with a wrong CRC-32": async () => {
    const stream = await begin();
    const path = "large" as WirePath;
    control.send({ type: "open", file: 0, root: 0, path, size: BLOCK, attributes: ATTRIBUTES });
    await control.expect("opened");
    await stream.block({ crc32: 1 }, new Uint8Array(BLOCK));
    await stream.result();
    control.send({ type: "drop", file: 0 });
    await stream.end();
    await finish(0, 0);
  },
  "record with a wrong CRC-32": async () => {
    const stream = await begin();
    await stream.pack(ROOT, file("bad", { fields: { crc32: 1 } }), file("good"));
    await stream.result();
    await stream.end();
    await finish(1, 7);
  },
  "wrong totals": async () => {
    const stream = await begin();
    await stream.pack(ROOT, file("good"));
    await stream.result();
    await stream.end();
    await finish(2, 14);
  },

  "one name twice": () => packs([[ROOT, file("same"), file("same", { contents: "another" })], [ROOT, file("same")]]),
  "names that look alike": () => packs([[ROOT, ...ALIKE.map((name) => file(name, { contents: name }))]]),
  "directory instead of a file": () => packs([[ROOT, file("x")], [ROOT, directory("x"), file("inner")]]),
  "file instead of a directory": () => packs([[ROOT, directory("x"), file("inner")], [ROOT, file("x")]]),
  "large file twice": async () => {
    const stream = await begin();
    for (const number of [0, 1]) {
      const path = "large" as WirePath;
      control.send({ type: "open", file: number, root: 0, path, size: BLOCK, attributes: ATTRIBUTES });
    }
    for (let answers = 0; answers < 2; answers++) await control.expect("opened");
    for (const number of [0, 1]) {
      const contents = new Uint8Array(BLOCK).fill(number + 1);
      await stream.block({ unit: number, file: number }, contents);
      await stream.result();
      control.send({ type: "close", file: number, size: BLOCK, crc32: crc32(contents, 0, BLOCK) });
      await control.expect("closed");
    }
    await stream.end();
    await finish(2, 2 * BLOCK);
  },

  "replayed frame": () =>
    everyStream(async (stream) => {
      const frame = await stream.seal(FrameKind.pack, packPayload([ROOT, file("good")]));
      await stream.raw(frame);
      await stream.raw(frame);
    }),
  "skipped counter": () =>
    everyStream(async (stream) => {
      await stream.seal(FrameKind.keepAlive, new Uint8Array());
      await stream.pack(ROOT, file("bad"));
    }),
  "bad tag": () =>
    everyStream(async (stream) => {
      const frame = await stream.seal(FrameKind.pack, packPayload([ROOT, file("bad")]));
      frame[frame.length - 1] ^= 1;
      await stream.raw(frame);
    }),
  "changed contents": () =>
    everyStream(async (stream) => {
      const frame = await stream.seal(FrameKind.pack, packPayload([ROOT, file("bad")]));
      frame[40] ^= 1;
      await stream.raw(frame);
    }),
  "oversized length": () =>
    everyStream(async (stream) => {
      const frame = await stream.seal(FrameKind.pack, packPayload([ROOT, file("bad")]));
      frame[8] = 0x7f;
      await stream.raw(frame);
    }),
  "unknown kind": () => everyStream((stream) => stream.send(77)),
  "kind of a receiver": async () => {
    const stream = await begin();
    await stream.send(FrameKind.result, new Uint8Array(9));
    await control.next();
  },
  "cut connection": async () => {
    const stream = await begin();
    const frame = await stream.seal(FrameKind.pack, packPayload([ROOT, file("bad")]));
    await stream.raw(frame.subarray(0, frame.length - 1));
    stream.conn.close();
    await finish(1, 7);
  },
  "end without what was promised": async () => {
    const stream = await begin();
    await stream.end();
    await finish(1, 1);
  },

  "rubbish on the control channel": async () => {
    await begin();
    control.sendLine("rubbish");
    await control.next();
  },
  "endless line on the control channel": async () => {
    await begin();
    control.sendLine("x".repeat(4 << 20));
    await control.next();
  },
  "message out of order": async () => {
    await begin();
    control.send({ type: "ready" });
    await control.next();
  },
  "escape sequences": async () => {
    const text = "\x1b[2J\x07\u009b31m\u202e\r\nescp: all is well";
    const failure = { code: "EVIL", path: text, message: `Cannot read ${text}`, hint: text };
    control.send({ type: "failed", failure });
    control.send({ type: "note", message: text });
    const stream = await begin();
    control.send({ type: "failed", failure });
    control.send({ type: "abort", code: text, message: text });
    await stream.result();
  },
  "cleaned with escape sequences": async () => {
    const text = "\x1b[2J\x07\u009b31m\u202e\r\nescp: all is well";
    control.send({ type: "removed", entries: [{ path: text, bytes: 1 }] });
    control.send({ type: "failed", failure: { code: "EVIL", path: text, message: `Cannot read ${text}`, hint: text } });
    control.send({ type: "cleaned", files: 1, bytes: 1, failed: 1, kept: 0 });
    await control.expect("bye");
  },
  "cleaned more than it reported": async () => {
    control.send({ type: "removed", entries: [{ path: "a", bytes: 1 }] });
    control.send({ type: "cleaned", files: 2, bytes: 2, failed: 0, kept: 0 });
    await control.next();
  },
  "cleaned without its failures": async () => {
    control.send({ type: "failed", failure: { code: "", path: "", message: "Cannot read", hint: "" } });
    control.send({ type: "cleaned", files: 0, bytes: 0, failed: 0, kept: 0 });
    await control.next();
  },
  "copies instead of cleaning": async () => {
    const found = { files: 1, bytes: 1, complete: true, last: true };
    control.send({ type: "sources", sources: [OWN], operands: 1, host: "hostile", ...found });
    await control.next();
  },
  "sudden end": async () => {
    await begin();
    Deno.exit(0);
  },
};

await play(session, TRICKS[Deno.args[0]]);
