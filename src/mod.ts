/**
 * Copies files and directories to, from and between hosts that ssh can log in to: escp as a library.
 *
 * ```ts
 * import { copy } from "@escp/escp";
 *
 * const run = copy("dist", "web1:/srv/site", { recursive: true, exclude: ["*.map"] });
 * for await (const event of run) {
 *   if (event.type === "progress") console.log(event.bytes, "of", event.totalBytes);
 * }
 * const { files } = await run;
 * ```
 *
 * Every function returns a `Run`, which can be awaited and iterated. Nothing is printed. The functions change no state of the
 * process, such as its signal handlers and its working directory, and several may run at the same time. They need the permissions
 * of the command line (`--allow-all`), and escp on the remote hosts.
 *
 * @module
 */

export { copy, type CopyResult, mirror, plan, type PlanResult, verify, type VerifyResult } from "./library/copy.ts";
export { clean, type CleanEvent, type CleanResult, type Leftover, type RemovedEvent } from "./library/clean.ts";
export { doctor, type DoctorEvent, type DoctorResult, type DoctorStep, type StepEvent } from "./library/doctor.ts";
export {
  IncompleteError,
  ProtocolError,
  StartError,
  TransferLost,
  UntrustedServer,
  UsageError,
  UserError,
} from "./library/errors.ts";
export type {
  ConnectedEvent,
  CopyEvent,
  CopyTotals,
  DeletedEvent,
  EndEvent,
  FailedEvent,
  Failure,
  ItemEvent,
  NoteEvent,
  PlannedEntry,
  PlannedEvent,
  ProgressEvent,
  RetryEvent,
  SshEvent,
} from "./library/events.ts";
export type {
  CleanOptions,
  ConnectionOptions,
  CopyOptions,
  DoctorOptions,
  MirrorOptions,
  PlanOptions,
  Rule,
  VerifyOptions,
} from "./library/options.ts";
export type { Run } from "./library/run.ts";
