import type { FinishedEvent, TransferEvent } from "../transfer/events.ts";
import { addSample, type RateMeter } from "./rate_meter.ts";

/** All that the progress line shows. A value: every event makes a new one. Times are of a clock that never goes back. */
export interface ProgressState {
  /** When the streams came up; undefined before. */
  readonly connectedMs?: number;
  readonly filesTotal: number;
  readonly bytesTotal: number;
  /** Whether the totals are final. */
  readonly totalsComplete: boolean;
  readonly filesDone: number;
  readonly bytesDone: number;
  readonly failed: number;
  readonly meter: RateMeter;
  /** When a number last grew. */
  readonly movedMs: number;
  readonly finished?: FinishedEvent;
}

export const INITIAL_STATE: ProgressState = {
  filesTotal: 0,
  bytesTotal: 0,
  totalsComplete: false,
  filesDone: 0,
  bytesDone: 0,
  failed: 0,
  meter: [],
  movedMs: 0,
};

/** Folds one event into the state. Nothing but `events` and their times decides what comes out. */
export function foldEvent(state: ProgressState, event: TransferEvent, nowMs: number): ProgressState {
  switch (event.type) {
    case "connecting":
      return { ...state, connectedMs: undefined };
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
      // Reports of several streams may overtake each other; a line that counts backwards looks broken.
      const files = Math.max(state.filesDone, event.files);
      const bytes = Math.max(state.bytesDone, event.bytes);
      if (files === state.filesDone && bytes === state.bytesDone) return state;
      // What was there already says nothing about how fast it goes.
      const meter = addSample(state.meter, { atMs: nowMs, bytes: bytes - (event.resumed ?? 0) });
      return { ...state, filesDone: files, bytesDone: bytes, movedMs: nowMs, meter };
    }
    case "failed":
      return { ...state, failed: state.failed + 1, movedMs: nowMs };
    case "finished":
      return { ...state, finished: event };
    case "file":
    case "note":
    case "planned":
      return state;
  }
}

/** Whole percent, 100 only when everything is done; undefined as long as the total is not known. */
export function percentOf(state: ProgressState): number | undefined {
  if (!state.totalsComplete) return undefined;
  const allFiles = state.filesDone + state.failed >= state.filesTotal;
  if (allFiles && state.bytesDone >= state.bytesTotal) return 100;
  const part = state.bytesTotal > 0 ? state.bytesDone / state.bytesTotal : state.filesDone / state.filesTotal;
  return Math.min(99, Math.floor(part * 100));
}
