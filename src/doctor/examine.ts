/** Runs `--doctor`: one session that measures everything a copy depends on, without copying. */

import { ProtocolError, UserError } from "../errors.ts";
import { NoLogin } from "../session/model/start_errors.ts";
import { OpenPeers } from "../transfer/client/open_peers.ts";
import { Examination } from "./examination.ts";
import type { Facts } from "./step.ts";
import { type DoctorOptions } from "./options.ts";
import { StepReporter } from "./step_reporter.ts";

/** Result of an examination. */
export interface Diagnosis {
  facts: Facts;
  /** The error that ended the session, or the first failed step; undefined if a copy would work. */
  error?: unknown;
}

/** Examines a remote host. @throws bugs, and the reason of the signal. */
export async function examine(options: DoctorOptions): Promise<Diagnosis> {
  options.signal.throwIfAborted();
  const { streams } = options;
  const facts: Facts = {
    host: options.peer.name,
    streams: streams.min,
    ...(options.congestion === undefined ? {} : { congestion: options.congestion }),
    requestsPorts: options.reach.ports !== undefined,
    system: {},
    throughput: [],
    disk: {},
    cipher: {},
  };
  const steps = new StepReporter({ step: "login", host: facts.host }, options);
  try {
    await using peers = new OpenPeers(options.signal);
    const peer = peers.start(options.peer);
    await peers.run(() => new Examination(options, facts, steps).run(peer));
  } catch (error) {
    if (options.signal.aborted || !(error instanceof UserError || error instanceof ProtocolError)) throw error;
    const hint = error instanceof UserError ? error.hint : undefined;
    // The login succeeded, but the remote program is not a usable escp.
    if (steps.current.step === "login" && !(error instanceof NoLogin)) {
      steps.report({ ...steps.current, status: "ok" });
      steps.begin({ step: "escp", versionHere: options.version });
    }
    steps.report({ ...steps.current, status: "fail", problem: error.message, ...(hint ? { hint } : {}) });
    return { facts, error };
  }
  return { facts, error: steps.failure };
}
