/** What `--doctor` finds, step by step. Plain data: the UI renders it, and programs read it. */

import type { CipherSpeed, DiskSpeed, SystemFacts } from "../protocol/control/probe.ts";
import type { Attempt } from "../session/connect/dial_streams.ts";

/** "warn": a copy works, but not as it could; "skipped": it could not be found out. */
export type Status = "ok" | "warn" | "fail" | "skipped";

/** This machine, or the other one. */
export type End = "here" | "there";

/** "push": from here. */
export type Direction = "push" | "pull";

/** What was measured of a transfer of made-up contents. */
export interface ThroughputFacts {
  direction: Direction;
  streams: number;
  bytesPerSecond: number;
  /** Cores that each end kept busy; of the other one where it tells. */
  coresHere: number;
  coresThere?: number;
}

/** What a step found; fields are left out where it found nothing. */
export type StepFacts =
  /** ssh has logged in, and something has said hello. */
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

/** A step that is over. */
export type Step = StepFacts & {
  status: Status;
  /** Why it is not "ok". */
  problem?: string;
  /** What to do about it. */
  hint?: string;
};

/** All that advice is made of. */
export interface Facts {
  /** As messages name the other end. */
  host: string;
  /** As many as a copy has. */
  streams: number;
  system: Partial<Record<End, SystemFacts>>;
  /** Name of the way through ssh that the data takes; undefined: it goes directly. */
  tunnel?: string;
  /** What would open a direct way: "Open TCP ports 1232-1242 of web1 for this machine". */
  portsToOpen?: string;
  /** Congestion control that the user has chosen. */
  congestion?: string;
  /** On a stream, else on the control channel. */
  roundTripMs?: number;
  throughput: ThroughputFacts[];
  disk: Partial<Record<End, DiskSpeed>>;
  cipher: Partial<Record<End, CipherSpeed>>;
}

/** The slowest part of a copy in one direction. */
export interface BottleneckFacts {
  direction: Direction;
  /**
   * "network": all streams together reach no more; "one stream": each of them is limited, and more would help; "ssh": what
   * ssh and the network make of it.
   */
  what: "network" | "one stream" | "ssh" | "processor" | "cipher" | "disk";
  /** Where, unless it is between both. */
  end?: End;
  /** What a copy reaches at the most. */
  bytesPerSecond: number;
}
