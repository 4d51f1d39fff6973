/** What `--doctor` does: one session in which nothing is copied, and everything measured that a copy depends on. */

import { ProtocolError, UserError } from "../errors.ts";
import { NoLogin } from "../session/model/start_errors.ts";
import { OpenPeers } from "../transfer/client/open_peers.ts";
import { Examination } from "./examination.ts";
import type { Facts, Step, StepFacts } from "./step.ts";
import { type DoctorOptions } from "./doctor_options.ts";

/** What came of it. */
export interface Diagnosis {
  facts: Facts;
  /** What ended it early, or one of the steps that failed; undefined: a copy would work. */
  error?: unknown;
}

/** Examines. @throws what is a bug, and the reason of the signal. */
export async function examine(options: DoctorOptions): Promise<Diagnosis> {
  options.signal.throwIfAborted();
  const { streams } = options;
  const facts: Facts = {
    host: options.peer.name,
    streams: streams.min,
    ...(options.congestion === undefined ? {} : { congestion: options.congestion }),
    system: {},
    throughput: [],
    disk: {},
    cipher: {},
  };
  const state: { failed?: unknown } = {};
  const current: { step: StepFacts } = { step: { step: "login", host: facts.host } };
  const tell = (step: Step) => {
    if (step.status === "fail") state.failed ??= new UserError(step.problem ?? step.step, { hint: step.hint });
    options.tell(step);
  };
  try {
    await using peers = new OpenPeers(options.signal);
    const peer = peers.start(options.peer);
    const examination = new Examination(options, facts, { tell, begin: (step) => current.step = step });
    await peers.run(() => examination.run(peer));
  } catch (error) {
    if (options.signal.aborted || !(error instanceof UserError || error instanceof ProtocolError)) throw error;
    const hint = error instanceof UserError ? error.hint : undefined;
    // Something has answered, but it was no escp that could be used.
    if (current.step.step === "login" && !(error instanceof NoLogin)) {
      options.tell({ ...current.step, status: "ok" });
      current.step = { step: "escp", versionHere: options.version };
    }
    options.tell({ ...current.step, status: "fail", problem: error.message, ...(hint ? { hint } : {}) });
    return { facts, error };
  }
  return { facts, error: state.failed };
}
