import type { FinishedEvent, TransferEvent } from "../transfer/events.ts";
import { addSample, type RateMeter } from "./rate_meter.ts";

/** The contents of the progress line. Immutable: every event creates a new state. Times are from a monotonic clock. */
export interface ProgressState {
  /** Time when the streams were connected; undefined before. */
  readonly connectedMs?: number;
  readonly filesTotal: number;
  readonly bytesTotal: number;
  /** Whether the totals are final. */
  readonly totalsComplete: boolean;
  readonly filesDone: number;
  readonly bytesDone: number;
  readonly failed: number;
  /** Bytes of an earlier run that are being verified. */
  readonly checking: number;
  /** Path of a large file in progress. */
  readonly file?: string;
  readonly meter: RateMeter;
  /** Time of the last progress. */
  readonly movedMs: number;
  readonly finished?: FinishedEvent;
}

/** The state before the first event. */
export const INITIAL_STATE: ProgressState = {
  filesTotal: 0,
  bytesTotal: 0,
  totalsComplete: false,
  filesDone: 0,
  bytesDone: 0,
  failed: 0,
  checking: 0,
  meter: [],
  movedMs: 0,
};

/** Returns the state after an event. Pure. */
export function foldEvent(state: ProgressState, event: TransferEvent, nowMs: number): ProgressState {
  switch (event.type) {
    case "connecting":
      return { ...state, connectedMs: undefined, checking: 0, file: undefined };
    case "retry": {
      const { failed, movedMs } = state;
      return { ...INITIAL_STATE, failed, movedMs };
    }
    case "connected":
      return {
        ...state,
        connectedMs: nowMs,
        movedMs: nowMs,
        meter: addSample([], { atMs: nowMs, bytes: state.bytesDone }),
      };
    case "totals": {
      const { files, bytes, complete } = event;
      const moved = files !== state.filesTotal || bytes !== state.bytesTotal;
      return {
        ...state,
        filesTotal: files,
        bytesTotal: bytes,
        totalsComplete: complete,
        movedMs: moved ? nowMs : state.movedMs,
      };
    }
    case "progress": {
      // Reports of several streams may arrive out of order, but the line must never count backwards.
      const files = Math.max(state.filesDone, event.files);
      const bytes = Math.max(state.bytesDone, event.bytes);
      if (files === state.filesDone && bytes === state.bytesDone) {
        return event.file === state.file ? state : { ...state, file: event.file };
      }
      // Resumed bytes were not transferred, so they do not count for the rate.
      const meter = addSample(state.meter, { atMs: nowMs, bytes: bytes - (event.resumed ?? 0) });
      return { ...state, filesDone: files, bytesDone: bytes, movedMs: nowMs, meter, file: event.file };
    }
    case "checking":
      return { ...state, checking: event.bytes, movedMs: nowMs };
    case "failed":
      return { ...state, failed: state.failed + 1, movedMs: nowMs };
    case "finished":
      return { ...state, finished: event };
    case "opening":
    case "note":
    case "planned":
    case "deleted":
    case "item":
      return state;
  }
}

/** Returns whole percent, 100 only when everything is done; undefined while the total is unknown. */
export function percentOf(state: ProgressState): number | undefined {
  if (!state.totalsComplete) return undefined;
  const allFiles = state.filesDone + state.failed >= state.filesTotal;
  if (allFiles && state.bytesDone >= state.bytesTotal) return 100;
  const part = state.bytesTotal > 0 ? state.bytesDone / state.bytesTotal : state.filesDone / state.filesTotal;
  return Math.min(99, Math.floor(part * 100));
}
