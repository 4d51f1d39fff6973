import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { CopyJob } from "../../../src/protocol/control/job.ts";
import { formatMessage, parseMessage } from "../../../src/protocol/control/message_codec.ts";
import type { Message, MessageOf, MessageType } from "../../../src/protocol/control/messages.ts";
import { parseWirePath } from "../../../src/protocol/wire_path.ts";
import { encodeXattrs } from "../../../src/protocol/data/xattrs.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import { assertProtocolError } from "../protocol_error.ts";
import { assertRoundTrip } from "./round_trip.ts";

const FAILURE = { code: "ENOSPC", path: "/d/\udcff", message: 'Cannot write "/d/\\xff": No space left', hint: "" };
const ATTRIBUTES = { mode: 0o644, uid: 0, gid: 2 ** 32 - 1, mtime: -5, mtimeNs: 999_999_999, atime: 0, atimeNs: 0 };
const OPTIONS = {
  recursive: true,
  preserve: false,
  blockBytes: 1 << 20,
  symlinks: "follow" as const,
  hardlinks: false,
  salt: "c0ffee",
  filters: [{ action: "exclude", kind: "glob", pattern: "*.o" }],
};
const PUSH = { direction: "push" as const, target: "a b", ...OPTIONS };
const RANDOM = randomBytes(32, "r");
const START = { type: "start" as const, version: 1, features: ["later"], random: RANDOM, cipher: "aes-128-gcm" };

/** At least one message of each type without fields that concern a single test, and each kind of job. */
const MESSAGES: Message[] = [
  { ...START, job: PUSH },
  { ...START, job: { ...PUSH, inplace: true, mkpath: true, dirlinks: true, exact: true, countsAhead: true } },
  { ...START, job: { ...PUSH, deletes: true, deletesExcluded: true, maxDeletions: 2 ** 40 } },
  { ...START, job: { ...PUSH, skipExisting: true, onlyExisting: false } },
  { ...START, job: { ...PUSH, backup: { suffix: "~" }, update: "times", linkDests: ["../old", "/\udcff"] } },
  { ...START, job: { ...PUSH, backup: { suffix: "", directory: "old/\udcff" } } },
  { ...START, job: { direction: "pull", sources: ["~/x", "*.log"], ...OPTIONS } },
  { ...START, job: { direction: "pull", sources: [], more: true, ...OPTIONS } },
  { ...START, job: { direction: "pull", sources: ["a"], more: true, listed: "deep", ...OPTIONS } },
  { ...START, job: { direction: "pull", sources: ["a"], relative: "flat", ...OPTIONS } },
  { ...START, job: { ...PUSH, chmod: [{ of: "files", keep: 0o7777, set: 0, setIfExecutable: 0o111 }] } },
  {
    ...START,
    job: {
      direction: "pull",
      sources: [],
      ...OPTIONS,
      select: { minSize: 1, maxSize: 0, fromMs: -1, beforeMs: 2, ignoreFiles: true },
    },
  },
  { ...START, job: { direction: "pull", sources: ["a"], ...OPTIONS, shard: { index: 2, count: 3 } } },
  { ...START, job: { direction: "push", target: "a", ...OPTIONS, shard: { count: 65_536 } } },
  { ...START, job: { direction: "push", target: "a", ...OPTIONS, shard: { index: 0, count: 1, splitBytes: 3 << 20 } } },
  { ...START, job: { direction: "clean", sources: ["~/x"], olderThanMs: 0 } },
  { ...START, job: { direction: "clean", sources: [""], records: true, olderThanMs: 0 } },
  {
    ...START,
    job: { direction: "clean", sources: [], more: true, olderThanMs: 2 ** 40, dryRun: true, timeoutMs: 1000, log: "l" },
  },
  { type: "wanted", sources: ["a\udcff", "~/*"], literal: true, last: false },
  {
    type: "sources",
    sources: [{
      operand: 0,
      name: "b",
      kind: "file",
      dev: 0,
      inode: 0,
      trees: [{ dev: 1, inode: 2 }],
      target: "x/\udcff",
    }, {
      operand: 0,
      name: "a",
      kind: "file",
      dev: 1,
      inode: 2,
    }, {
      operand: 1,
      name: ".",
      kind: "folder",
      dev: 0,
      inode: 0,
    }],
    operands: 2,
    host: "h",
    files: 1,
    bytes: 2,
    complete: true,
    last: false,
  },
  { type: "ready" },
  { type: "refused", failure: FAILURE },
  { type: "streams", count: 4 },
  {
    type: "open",
    file: 7,
    root: 1,
    path: parseWirePath("a/\udcffb"),
    size: 2 ** 40,
    attributes: ATTRIBUTES,
  },
  { type: "opened", file: 7, missing: [{ start: 0, end: 5 }, { start: 9, end: 10 }], sequential: false },
  { type: "close", file: 7, size: 0, crc32: 0xffffffff },
  { type: "drop", file: 2 ** 32 - 1 },
  { type: "closed", file: 7, bytes: 2 ** 40, crc32: 1 },
  { type: "unopened", file: 7, failure: FAILURE },
  { type: "checking", bytes: 2 ** 40 },
  { type: "totals", files: 1, bytes: 2, complete: false },
  { type: "failed", failure: FAILURE },
  { type: "note", message: "ä\n" },
  { type: "owners", owners: [{ kind: "user", id: 2 ** 32 - 1, name: "ä" }, { kind: "group", id: 1, name: "g" }] },
  { type: "names", root: 7, path: parseWirePath("a/\udcff"), names: ["x", "\udcff", ""] },
  { type: "deleted", entries: [{ path: "a/\udcff/" }] },
  { type: "planned", entries: [{ action: "replace", path: "a/\udcff", bytes: 2 ** 40 }] },
  { type: "items", entries: [{ item: "hf         ", path: "a/\udcff", target: "b" }] },
  { type: "finish", files: 1, bytes: 2 },
  { type: "finished", files: 1, bytes: 2, failures: [FAILURE] },
  { type: "sourcesRemoved", entries: 2 ** 40 },
  { type: "removed", entries: [{ path: "/a/\udcff", bytes: 2 ** 40 }] },
  { type: "cleaned", files: 1, bytes: 2, failed: 0, kept: 3 },
  { type: "data", stream: 2 ** 32 - 1, bytes: new Uint8Array([0, 255, 128]) },
  { type: "taken", stream: 0, count: 4 << 20 },
  {
    type: "reach",
    places: [{ hostname: "192.0.2.1", port: 1 }, { hostname: "::1", port: 65_535 }],
    patienceMs: 60_000,
  },
  { type: "unreached", tried: "192.0.2.1:1: no answer" },
  { type: "bye" },
  { type: "abort", code: "failed", message: "over" },
];

type Json = Record<string, unknown>;
const jsonOf = (type: MessageType): Json => JSON.parse(formatMessage(MESSAGES.find((each) => each.type === type)!));
const parse = (fields: Json) => parseMessage(JSON.stringify(fields));
const rejects = (fields: Json) => assertProtocolError("bad-message", () => parse(fields));

describe("messages", () => {
  for (const message of MESSAGES) {
    const name = message.type === "start" ? `start (${message.job.direction})` : message.type;
    it(`of type ${name} round-trip as one line`, () => {
      assertRoundTrip(message);
    });

    it(`of type ${name} are rejected if a required field is missing or null`, () => {
      const fields = JSON.parse(formatMessage(message)) as Json;
      for (const field of Object.keys(fields)) {
        rejects({ ...fields, [field]: undefined });
        rejects({ ...fields, [field]: null });
      }
    });
  }

  it("of type data carry 0 to 96 KiB of a stream, and those of type taken 1 byte to 4 MiB", () => {
    for (const size of [0, 1, 96 << 10]) {
      const message: Message = { type: "data", stream: 0, bytes: new Uint8Array(size) };
      assertRoundTrip(message);
    }
    const data = jsonOf("data");
    for (const bytes of [undefined, 1, "?", "AA=A", new Uint8Array((96 << 10) + 1).toBase64()]) {
      rejects({ ...data, bytes });
    }
    for (const stream of [undefined, -1, 0.5, 2 ** 32]) rejects({ ...data, stream });
    for (const count of [undefined, -1, 0, 0.5, (4 << 20) + 1]) rejects({ ...jsonOf("taken"), count });
  });

  it("of type reach are rejected with addresses, ports and times out of range", () => {
    const reach = jsonOf("reach");
    const [place] = reach.places as Json[];
    const bad = [{ port: 0 }, { port: 65_536 }, { port: "1" }, { hostname: 1 }, { hostname: "x".repeat(256) }];
    for (const change of bad) rejects({ ...reach, places: [{ ...place, ...change }] });
    rejects({ ...reach, places: Array(65).fill(place) });
    for (const patienceMs of [undefined, 0, 0.5, 60_001]) rejects({ ...reach, patienceMs });
  });

  it("of type abort may have a hint", () => {
    const message: Message = { type: "abort", code: "start", message: "no", hint: "do" };
    assertRoundTrip(message);
  });

  it("of type ready may list the codecs of the receiver", () => {
    const message: Message = { type: "ready", codecs: ["zstd", "deflate"] };
    assertRoundTrip(message);
    for (const codecs of [null, "zstd", [1], Array(17).fill("zstd")]) rejects({ type: "ready", codecs });
  });

  it("of type items accept changes in the format of rsync only", () => {
    for (const item of ["", ">f+++++++++x", ">x+++++++++", ">f\x1b++++++++", "<f+++++++++", 1, null]) {
      rejects({ ...jsonOf("items"), entries: [{ item, path: "" }] });
    }
  });

  it("of type owners accept names of 1 to 255 bytes and numbers above 0", () => {
    for (
      const owner of [
        ...["", "a\0", "n".repeat(256), "ä".repeat(128)].map((name) => ({ kind: "user", id: 1, name })),
        { kind: "user", id: 0, name: "a" },
        { kind: "user", id: 2 ** 32, name: "a" },
        { kind: "other", id: 1, name: "a" },
      ]
    ) rejects({ ...jsonOf("owners"), owners: [owner] });
  });

  it("of type finished accept a number of deleted entries, and reject other values", () => {
    assertEquals((parse({ ...jsonOf("finished"), deleted: 3 }) as MessageOf<"finished">).deleted, 3);
    for (const deleted of [-1, 0.5, "3", null, true]) rejects({ ...jsonOf("finished"), deleted });
  });

  it("of types finish and finished accept a number of skipped entries, and reject other values", () => {
    for (const type of ["finish", "finished"] as const) {
      const message = parse({ ...jsonOf(type), skipped: 3 }) as MessageOf<typeof type>;
      assertEquals(message.skipped, 3);
      for (const skipped of [-1, 0.5, "3", null, true]) rejects({ ...jsonOf(type), skipped });
    }
  });

  it("of type ready may give a reason of at most 4096 characters why the copy cannot be resumed", () => {
    const longest: Message = { type: "ready", unresumable: "x".repeat(4096) };
    assertRoundTrip(longest);
    for (const unresumable of [null, true, "x".repeat(4097)]) rejects({ type: "ready", unresumable });
  });

  it("with a job of cleaning are rejected if a field is missing or out of range", () => {
    const job = (more: Json) => ({
      ...jsonOf("start"),
      job: { direction: "clean", sources: [], olderThanMs: 1, ...more },
    });
    parse(job({}));
    for (const field of ["sources", "olderThanMs"]) rejects(job({ [field]: undefined }));
    for (const more of [{ olderThanMs: -1 }, { olderThanMs: 0.5 }, { dryRun: 1 }, { sources: [1] }, { timeoutMs: 1 }]) {
      rejects(job(more));
    }
    rejects({ ...jsonOf("removed"), entries: Array(4097).fill({ path: "", bytes: 0 }) });
    for (const entry of [{ path: 1, bytes: 0 }, { path: "" }, { path: "", bytes: -1 }, null]) {
      rejects({ ...jsonOf("removed"), entries: [entry] });
    }
  });

  it("with a job accept update and dryRun, and reject other values", () => {
    const job = (more: Json) => ({ ...jsonOf("start"), job: { ...PUSH, ...more } });
    const start = parse(job({ update: "times", dryRun: true })) as MessageOf<"start">;
    const { update, dryRun } = start.job as CopyJob;
    assertEquals([update, dryRun], ["times", true]);
    for (const more of [{ update: "never" }, { update: null }, { dryRun: 1 }]) rejects(job(more));
  });

  it("with a job are rejected if it would remove sources without copies", () => {
    const job = (more: Json) => ({ ...jsonOf("start"), job: { ...PUSH, removesSources: true, ...more } });
    const refused = (more: Json) => rejects(job(more));
    parse(job({ fsync: true }));
    for (const name of ["deletes", "skipExisting", "onlyExisting", "dirlinks"]) refused({ fsync: true, [name]: true });
    refused({ fsync: true, linkDests: ["old"] });
    refused({ fsync: true, dummy: "both" });
    refused({});
  });

  it("with a job accept backups, and reject names that are paths or missing", () => {
    const job = (backup: unknown) => ({ ...jsonOf("start"), job: { ...PUSH, backup } });
    for (const backup of [{ suffix: "~" }, { suffix: "", directory: "../a" }, { suffix: "~", directory: "/" }]) {
      parse(job(backup));
    }
    for (const suffix of [undefined, 1, "", "a/b", "/", "a\0", "x".repeat(256)]) rejects(job({ suffix }));
    for (const directory of [null, 1, "", "a\0b"]) rejects(job({ suffix: "~", directory }));
    for (const backup of [null, true, "~", []]) rejects(job(backup));
  });

  it("may have unknown fields, which are ignored", () => {
    assertEquals<Message>(parse({ type: "bye", later: 1 }), { type: "bye" });
  });

  it("of a resumed copy round-trip", () => {
    const kept = [{ start: 0, end: 5, crc32: 0xffffffff }];
    const opened: Message = { type: "opened", file: 7, missing: [], kept, sequential: false };
    assertRoundTrip(opened);
    const open = {
      ...MESSAGES.find(({ type }) => type === "open")!,
      identity: "i".repeat(40),
      dev: 64769,
      inode: 2 ** 53 - 1,
    } as Message;
    assertRoundTrip(open);
    const tree = { directories: 1, names: 2, digest: "0123456789abcdef" };
    const finish: Message = { type: "finish", files: 1, bytes: 2, incomplete: true, stopped: true, tree };
    assertRoundTrip(finish);
    const closed: Message = { type: "closed", file: 7, bytes: 2 ** 40, crc32: 1, found: 2 ** 40 };
    assertRoundTrip(closed);
    const job = { ...PUSH, resume: true };
    assertRoundTrip({ ...START, job });
  });

  it("are rejected if their type is unknown or a property of Object.prototype", () => {
    for (const type of ["", "hello", "constructor", "toString", "__proto__", "hasOwnProperty", 1, ["bye"], {}]) {
      rejects({ type });
    }
    assertProtocolError("bad-message", () => parseMessage('{"type":"bye","type":"nothing"}'));
    assertProtocolError("bad-message", () => parseMessage('{"__proto__":{"type":"bye"}}'));
  });

  it("are rejected unless they are JSON objects", () => {
    for (const line of ["", " ", "null", "1", '"bye"', "[]", '["bye"]', "{", "{}x", "[".repeat(200_000), "\0"]) {
      assertProtocolError("bad-message", () => parseMessage(line));
    }
  });
});

describe("fields of messages", () => {
  const wrong: [MessageType, string, unknown[]][] = [
    ["start", "version", [0, -1, 1.5, "1", 65_537]],
    ["start", "features", ["x", [1], Array(65).fill("x")]],
    ["start", "random", ["", "?", btoa("x".repeat(31)), btoa("x".repeat(33)), 1]],
    ["start", "cipher", [1, "x".repeat(65)]],
    ["start", "job", [1, [], {}, { direction: "sideways", ...OPTIONS }, { ...PUSH, symlinks: "x" }, {
      ...PUSH,
      filters: Array(1025).fill({}),
    }]],
    ["wanted", "sources", [{}, [1], "a"]],
    ["wanted", "literal", [0, "true", undefined]],
    ["wanted", "last", [1, undefined]],
    ["sources", "sources", [{}, [1], [null], [[]]]],
    ["sources", "host", [1, "x".repeat(129)]],
    ["sources", "operands", [-1, 1_000_001, "1"]],
    ["sources", "complete", [0, "true"]],
    ["sources", "last", [1, "false"]],
    ["streams", "count", [-1, 65, 1.5, "4"]],
    ["open", "file", [-1, 2 ** 32, 0.5, "7"]],
    ["open", "root", [-1, 1_000_001]],
    ["open", "path", [1, ["a"]]],
    ["open", "size", [-1, 2 ** 53, 1e300, "5"]],
    ["open", "attributes", [[], "x", {}]],
    ["open", "xattrs", [1, "?", btoa("\0".repeat((128 << 10) + 1))]],
    ["opened", "missing", [{}, [[0, 5]], [{ start: 5, end: 4 }], [{ start: -1, end: 4 }], [{ start: 0 }], [7]]],
    ["opened", "kept", [{}, [{ start: 0, end: 4 }], [{ start: 5, end: 4, crc32: 0 }], [{
      start: 0,
      end: 4,
      crc32: 2 ** 32,
    }], null]],
    ["finish", "incomplete", [0, "true", null]],
    ["finish", "stopped", [0, "true", null]],
    ["finish", "tree", [1, {}, { directories: 1, names: 2, digest: "0123456789abcdeg" }]],
    ["open", "identity", [1, "x".repeat(41), null]],
    ["opened", "sequential", [0, "no"]],
    ["close", "crc32", [-1, 2 ** 32, 0.5]],
    ["close", "size", [-1, 2 ** 53, undefined]],
    ["open", "input", [0, "false", null]],
    ["closed", "bytes", [-1, 2 ** 53]],
    ["checking", "bytes", [-1, 2 ** 53, "1", null]],
    ["closed", "found", [-1, 2 ** 53, "1", null]],
    ["failed", "failure", [[], "x", {}]],
    ["totals", "files", [-1, 0.5]],
    ["finished", "failures", [{}, [1], [{ code: "" }]]],
    ["abort", "code", [1, "x".repeat(65)]],
    ["abort", "hint", [1, null, "x".repeat(4097)]],
  ];
  for (const [type, field, values] of wrong) {
    it(`${type} rejects a wrong ${field}`, () => {
      for (const value of values) rejects({ ...jsonOf(type), [field]: value });
    });
  }

  it("paths, messages and hints are rejected beyond their maximum lengths", () => {
    const LIMITS: [field: keyof typeof FAILURE, limit: number][] = [["path", 1 << 17], ["message", 1 << 18], [
      "hint",
      1 << 12,
    ]];
    for (const [field, limit] of LIMITS) {
      const withText = (text: string) => ({ ...jsonOf("failed"), failure: { ...FAILURE, [field]: text } });
      parse(withText("x".repeat(limit)));
      rejects(withText("x".repeat(limit + 1)));
    }
    parse({ ...jsonOf("note"), message: "x".repeat(1 << 18) });
    rejects({ ...jsonOf("note"), message: "x".repeat((1 << 18) + 1) });
    parse({ ...jsonOf("wanted"), sources: ["x".repeat(1 << 17)] });
    rejects({ ...jsonOf("wanted"), sources: ["x".repeat((1 << 17) + 1)] });
  });

  it("a job may name a log file of at most 65536 characters", () => {
    const start = jsonOf("start");
    const withLog = (log: unknown) => ({ ...start, job: { ...start.job as Json, log } });
    const message = parse(withLog("~/log"));
    assertEquals(message.type === "start" && message.job.log, "~/log");
    for (const log of [1, null, ["a"], "x".repeat(65_537)]) rejects(withLog(log));
  });

  it("open rejects attributes out of range", () => {
    const open = jsonOf("open");
    const values: [string, unknown[]][] = [
      ["mode", [-1, 0o10000, 0o100644]],
      ["uid", [-1, 2 ** 32]],
      ["gid", [-1, 2 ** 32]],
      ["mtime", [2 ** 53, -(2 ** 53), 1.5]],
      ["mtimeNs", [-1, 1_000_000_000]],
      ["atimeNs", [-1, 1_000_000_000]],
    ];
    for (const [field, each] of values) {
      for (const value of each) rejects({ ...open, attributes: { ...ATTRIBUTES, [field]: value } });
    }
  });

  it("jobs, sources, failures, ranges and attributes are rejected if a field is missing", () => {
    const inside: [MessageType, string, Json, (value: Json) => unknown][] = [
      ["start", "job", { direction: "push", target: "", ...OPTIONS }, (value) => value],
      ["start", "job", { direction: "pull", sources: [], ...OPTIONS }, (value) => value],
      ["sources", "sources", { operand: 0, name: "a", kind: "file", dev: 1, inode: 2 }, (value) => [value]],
      ["failed", "failure", FAILURE, (value) => value],
      ["opened", "missing", { start: 0, end: 1 }, (value) => [value]],
      ["open", "attributes", ATTRIBUTES, (value) => value],
    ];
    for (const [type, field, whole, wrap] of inside) {
      parse({ ...jsonOf(type), [field]: wrap(whole) });
      for (const name of Object.keys(whole)) {
        rejects({ ...jsonOf(type), [field]: wrap({ ...whole, [name]: undefined }) });
      }
    }
  });

  it("paths and source names that leave their root are rejected", () => {
    for (const path of ["/etc", "..", "a/../b", "a//b", "a\0b", "x".repeat(256)]) {
      assertProtocolError("bad-path", () => parse({ ...jsonOf("open"), path }));
    }
    for (const name of ["", "..", "a/b", "/", "a\0", "x".repeat(256)]) {
      const source = { operand: 0, name, kind: "file", dev: 0, inode: 0 };
      assertProtocolError("bad-path", () => parse({ ...jsonOf("sources"), sources: [source] }));
    }
  });
});

describe("extended attributes in open", () => {
  it("the block round-trips, and is checked as in a record", () => {
    const xattrs = encodeXattrs([{ name: new TextEncoder().encode("user.a"), value: new Uint8Array(60_000).fill(1) }])!;
    const path = parseWirePath("");
    const open: Message = { type: "open", file: 8, root: 0, path, size: 3, attributes: ATTRIBUTES, xattrs };
    assertRoundTrip(open);
    xattrs[6] = 0;
    assertProtocolError("bad-record", () => parseMessage(formatMessage(open)));
  });
});
