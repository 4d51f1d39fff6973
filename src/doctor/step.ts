/** Results of the steps of `--doctor`. Plain data: the UI renders it, and programs read it as JSON. */

import type { CipherSpeed, DiskSpeed, SystemFacts } from "../protocol/control/probe.ts";
import type { Attempt } from "../session/connect/dial_streams.ts";

/** "warn": a copy works, but not optimally. "skipped": the step is not supported. */
export type Status = "ok" | "warn" | "fail" | "skipped";

/** "here": this machine. "there": the remote host. */
export type End = "here" | "there";

/** "push": from this machine to the remote host. */
export type Direction = "push" | "pull";

/** Results of a transfer of synthetic files. */
export interface ThroughputFacts {
  direction: Direction;
  streams: number;
  bytesPerSecond: number;
  /** Number of busy cores of this machine, and of the remote host if it reports that. */
  coresHere: number;
  coresThere?: number;
}

/** Results of one step. Fields are missing if the step failed. */
export type StepFacts =
  /** The login of ssh, up to the hello message of the remote escp. */
  | { step: "login"; host: string; seconds?: number }
  | { step: "escp"; version?: string; versionHere: string }
  | { step: "system"; end: End; system?: SystemFacts }
  | { step: "ports"; attempts: readonly Attempt[]; address?: string; tunnel?: string }
  | { step: "round trip"; over: "control" | "stream"; ms?: number }
  | { step: "throughput"; direction: Direction; streams: number } & Partial<ThroughputFacts>
  | { step: "disk"; end: End; disk?: DiskSpeed }
  | { step: "cipher"; end: End; cipher?: CipherSpeed }
  | { step: "bottleneck" } & BottleneckFacts
  | { step: "advice"; text: string };

/** A finished step. */
export type Step = StepFacts & {
  status: Status;
  /** Reason for a status other than "ok". */
  problem?: string;
  /** Advice in the imperative. */
  hint?: string;
};

/** Callbacks for the steps. */
export interface StepListeners {
  /** Called before each step that takes time, except the login. */
  onBegin: (step: StepFacts) => void;
  /** Called after each step. */
  onStep: (step: Step) => void;
}

/** All results, the basis of the advice. */
export interface Facts {
  /** Name of the remote host in messages. */
  host: string;
  /** Number of streams that a copy uses. */
  streams: number;
  system: Partial<Record<End, SystemFacts>>;
  /** Name of the tunnel for the data; undefined if the data goes directly. */
  tunnel?: string;
  /** Advice for a direct route, such as "Open TCP ports 1232-1242 of web1 for this machine". */
  portsToOpen?: string;
  /** Whether the user has requested ports, so that no others are tried. */
  requestsPorts?: boolean;
  /** Congestion control that the user has selected. */
  congestion?: string;
  /** Round trip on a stream, or on the control channel if there is no stream. */
  roundTripMs?: number;
  throughput: ThroughputFacts[];
  disk: Partial<Record<End, DiskSpeed>>;
  cipher: Partial<Record<End, CipherSpeed>>;
}

/** The slowest part of a copy in one direction. */
export interface BottleneckFacts {
  direction: Direction;
  /**
   * "network": more streams would not be faster. "one stream": each stream is limited, so more streams would be faster.
   * "ssh": ssh and the network together.
   */
  what: "network" | "one stream" | "ssh" | "processor" | "cipher" | "disk";
  /** The machine with the bottleneck; undefined if it is the connection. */
  end?: End;
  /** Maximum rate of a copy. */
  bytesPerSecond: number;
}
