/** Observation of the sessions of a copy, for a report. */

import type { ClientSession } from "../session/model/client_session.ts";
import type { AuthenticatedStream } from "../session/model/session.ts";
import type { Machine } from "./machine.ts";

/** Features that no observed session uses: the times of large files are those of their announcements. */
export const UNOBSERVABLE: readonly string[] = ["pieces"];

/** The remote end of an observed session. */
export interface ObservedPeer {
  /** Name of its host. */
  readonly name: string;
  /** Whether it sends or receives the files. */
  readonly part: "sender" | "receiver";
}

/** Callbacks for the sessions of a copy. They must neither throw nor change anything. */
export interface SessionObserver {
  /** Called after the login. A relay has two sessions: first with the sender. */
  sessionOpened(session: ClientSession, about: ObservedPeer & { machine: Machine }): void;
  /** Called with each stream before it is used. */
  streamOpened(stream: AuthenticatedStream, peer: ObservedPeer): void;
}
