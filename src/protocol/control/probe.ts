/**
 * What a client asks of the remote end in a session that copies nothing but measures, and what it is told. Feature
 * "probe"; see PROTOCOL.md, "Probes". What comes out of the parsers cannot be wrong.
 */

import { MAX_PATH_TEXT, MAX_STREAMS } from "../limits.ts";
import { type Failure, parseFailure } from "../failure.ts";
import * as shape from "./shape.ts";

/** Least time that a measurement may take, in milliseconds. */
export const MIN_PROBE_MS = 20;
/** Most of it. */
export const MAX_PROBE_MS = 60_000;
/** Most bytes that the measurement of a disk writes. */
export const MAX_PROBE_DISK_BYTES = 1 << 30;

/** What is asked. `ms`: how long a measurement may take, or somewhat longer. */
export type Probe =
  /** Nothing but an answer. */
  | { what: "echo" }
  /** `streams`: as many as a copy would have. */
  | { what: "system"; streams: number }
  /** The client opens a stream on which every frame of kind keepAlive is answered with one. */
  | { what: "stream" }
  /**
   * Contents that nobody has are sent and thrown away: behind the finding "ready" come the messages of a push or pull,
   * from "sources" to "finished".
   */
  | { what: "throughput"; direction: "push" | "pull"; streams: number; ms: number }
  /** In the directory that is the target of the job. */
  | { what: "disk"; ms: number }
  | { what: "cipher"; ms: number };

/** What is told. */
export type Finding =
  | { what: "echo" }
  | { what: "system"; system: SystemFacts }
  /** The stream came to its end. */
  | { what: "stream" }
  /** What was asked for may begin. */
  | { what: "ready" }
  | { what: "throughput"; load: Load }
  | { what: "disk"; disk: DiskSpeed }
  | { what: "cipher"; cipher: CipherSpeed }
  | { what: "failed"; failure: Failure };

/** What an end is, and works with. Texts are for people. */
export interface SystemFacts {
  /** Such as "linux x86_64". */
  system: string;
  cores: number;
  /** Processes that wanted a core in the last minute, in hundredths (proc_loadavg(5)); left out where nobody knows. */
  loadPercent?: number;
  /** Threads that streams get when there are as many as the client wants; 0: they share the main one. */
  threads: number;
  cipher: { engine: string; library: string };
  /** Name of the engine for files. */
  files: string;
  codecs: string[];
  /** Why an engine is not the native one. */
  notes: string[];
  network: NetworkSettings;
}

/** Of the kernel, where it is Linux (tcp(7), socket(7)); bytes. */
export interface NetworkSettings {
  /** net.core.rmem_max */
  rmemMax?: number;
  /** net.core.wmem_max */
  wmemMax?: number;
  /** The third number of net.ipv4.tcp_rmem: most that a connection is given by itself. */
  tcpRmemMax?: number;
  /** The third number of net.ipv4.tcp_wmem. */
  tcpWmemMax?: number;
  /** net.ipv4.tcp_congestion_control */
  congestion?: string;
}

/** What a measurement took of an end's processors. */
export interface Load {
  /** Processor time of all threads, in milliseconds. */
  cpuMs: number;
  /** How long it took. */
  ms: number;
}

/** How fast a disk is. */
export interface DiskSpeed {
  /** Where it was measured. */
  folder: string;
  bytes: number;
  /** Until it is on stable storage. */
  writeBytesPerSecond: number;
  readBytesPerSecond: number;
  /** The system could not be told to forget what was written: it was read from memory. */
  cached: boolean;
}

/** How fast one core seals. */
export interface CipherSpeed {
  /** On the wire. */
  name: string;
  bytesPerSecond: number;
}

/** @throws {ProtocolError} code "bad-message". */
export function parseProbe(value: unknown): Probe {
  const fields = shape.asObject(value, "probe");
  const what = shape.oneOf(fields, "what", ["echo", "system", "stream", "throughput", "disk", "cipher"]);
  const streams = () => shape.whole(fields, "streams", 1, MAX_STREAMS);
  const ms = () => shape.whole(fields, "ms", MIN_PROBE_MS, MAX_PROBE_MS);
  switch (what) {
    case "system":
      return { what, streams: streams() };
    case "throughput":
      return {
        what,
        direction: shape.oneOf(fields, "direction", ["push", "pull"]),
        streams: streams(),
        ms: ms(),
      };
    case "disk":
    case "cipher":
      return { what, ms: ms() };
    default:
      return { what };
  }
}

/** Parses the result of a measurement. @throws {ProtocolError} code "bad-message". */
export function parseFinding(value: unknown): Finding {
  const fields = shape.asObject(value, "finding");
  const what = shape.oneOf(fields, "what", FINDINGS);
  switch (what) {
    case "system":
      return { what, system: asSystem(fields.system) };
    case "throughput":
      return { what, load: asLoad(fields.load) };
    case "disk":
      return { what, disk: asDisk(fields.disk) };
    case "cipher":
      return { what, cipher: asCipher(fields.cipher) };
    case "failed":
      return { what, failure: parseFailure(fields.failure, "failure") };
    default:
      return { what };
  }
}

const FINDINGS = ["echo", "system", "stream", "ready", "throughput", "disk", "cipher", "failed"] as const;
const MAX_WORD = 256;
const MAX_CORES = 1 << 20;

function asSystem(value: unknown): SystemFacts {
  const fields = shape.asObject(value, "system");
  const cipher = shape.asObject(fields.cipher, "cipher");
  return {
    system: shape.text(fields, "system", MAX_WORD),
    cores: shape.whole(fields, "cores", 1, MAX_CORES),
    loadPercent: shape.optional(fields, "loadPercent", shape.whole),
    threads: shape.whole(fields, "threads", 0, MAX_STREAMS),
    cipher: { engine: shape.text(cipher, "engine", MAX_WORD), library: shape.text(cipher, "library", MAX_WORD) },
    files: shape.text(fields, "files", MAX_WORD),
    codecs: shape.list(fields, "codecs", 16, shape.asText),
    notes: shape.list(fields, "notes", 16, shape.asText),
    network: asNetwork(fields.network),
  };
}

function asNetwork(value: unknown): NetworkSettings {
  const fields = shape.asObject(value, "network");
  return {
    rmemMax: shape.optional(fields, "rmemMax", shape.whole),
    wmemMax: shape.optional(fields, "wmemMax", shape.whole),
    tcpRmemMax: shape.optional(fields, "tcpRmemMax", shape.whole),
    tcpWmemMax: shape.optional(fields, "tcpWmemMax", shape.whole),
    congestion: shape.optional(fields, "congestion", shape.text, 64),
  };
}

function asLoad(value: unknown): Load {
  const fields = shape.asObject(value, "load");
  return { cpuMs: shape.whole(fields, "cpuMs"), ms: shape.whole(fields, "ms") };
}

function asDisk(value: unknown): DiskSpeed {
  const fields = shape.asObject(value, "disk");
  return {
    folder: shape.text(fields, "folder", MAX_PATH_TEXT),
    bytes: shape.whole(fields, "bytes", 0, MAX_PROBE_DISK_BYTES),
    writeBytesPerSecond: shape.whole(fields, "writeBytesPerSecond"),
    readBytesPerSecond: shape.whole(fields, "readBytesPerSecond"),
    cached: shape.flag(fields, "cached"),
  };
}

function asCipher(value: unknown): CipherSpeed {
  const fields = shape.asObject(value, "cipher");
  return { name: shape.text(fields, "name", 64), bytesPerSecond: shape.whole(fields, "bytesPerSecond") };
}
