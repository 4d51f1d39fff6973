/**
 * Measurements that a client requests from the remote end, and their results. Feature "probe". See WIRE_FORMAT.md,
 * "Measurements".
 */

import { MAX_PATH_TEXT, MAX_STREAMS } from "../limits.ts";
import { type Failure, parseFailure } from "../failure.ts";
import * as shape from "./shape.ts";

/** Minimum duration of a measurement, in milliseconds. */
export const MIN_PROBE_MS = 20;
/** Maximum duration of a measurement, in milliseconds. */
export const MAX_PROBE_MS = 60_000;
/** Maximum number of bytes that a measurement of a disk writes. */
export const MAX_PROBE_DISK_BYTES = 1 << 30;

/** A requested measurement. `ms`: its approximate duration. */
export type Probe =
  /** An empty response. */
  | { what: "echo" }
  /** Properties of the remote end. `streams`: number of streams that a copy would have. */
  | { what: "system"; streams: number }
  /** A stream on which the remote end returns every frame of kind keepAlive. */
  | { what: "stream" }
  /**
   * A copy of synthetic contents that the receiver discards. After the finding "ready" follow the messages of a push or
   * pull, from "sources" to "finished".
   */
  | { what: "throughput"; direction: "push" | "pull"; streams: number; ms: number }
  /** Speed of the disk with the target directory of the job. */
  | { what: "disk"; ms: number }
  /** Speed of the cipher of the session, on one core. */
  | { what: "cipher"; ms: number };

/** The result of a measurement. */
export type Finding =
  | { what: "echo" }
  | { what: "system"; system: SystemFacts }
  /** The stream has ended. */
  | { what: "stream" }
  /** The measurement can start. */
  | { what: "ready" }
  | { what: "throughput"; load: Load }
  | { what: "disk"; disk: DiskSpeed }
  | { what: "cipher"; cipher: CipherSpeed }
  | { what: "failed"; failure: Failure };

/** Properties of one end. All texts are for the user. */
export interface SystemFacts {
  /** Such as "linux x86_64". */
  system: string;
  cores: number;
  /** Load average of the last minute, in hundredths (proc_loadavg(5)). Undefined if unknown. */
  loadPercent?: number;
  /** Number of threads for the requested number of streams; 0 if they share the main thread. */
  threads: number;
  cipher: { engine: string; library: string };
  /** Name of the file engine. */
  files: string;
  codecs: string[];
  /** Reasons why an engine is not the native one, or not as fast as possible. */
  notes: string[];
  network: NetworkSettings;
}

/** Network settings of a Linux kernel (tcp(7), socket(7)). Sizes are in bytes. */
export interface NetworkSettings {
  /** net.core.rmem_max */
  rmemMax?: number;
  /** net.core.wmem_max */
  wmemMax?: number;
  /** The third number of net.ipv4.tcp_rmem: maximum of the automatic buffer size. */
  tcpRmemMax?: number;
  /** The third number of net.ipv4.tcp_wmem. */
  tcpWmemMax?: number;
  /** net.ipv4.tcp_congestion_control */
  congestion?: string;
}

/** Processor time that a measurement used. */
export interface Load {
  /** Processor time of all threads of this end, in milliseconds. */
  cpuMs: number;
  /** Duration of the measurement, in milliseconds. */
  ms: number;
}

/** Speed of a disk. */
export interface DiskSpeed {
  /** The directory. */
  folder: string;
  /** Number of bytes written and read. */
  bytes: number;
  /** Including the flush to stable storage. */
  writeBytesPerSecond: number;
  readBytesPerSecond: number;
  /** The page cache could not be dropped, so the data was read from memory. */
  cached: boolean;
}

/** Speed of a cipher on one core. */
export interface CipherSpeed {
  /** Name of the cipher on the wire. */
  name: string;
  bytesPerSecond: number;
}

/** Parses a requested measurement. @throws {ProtocolError} code "bad-message". */
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
