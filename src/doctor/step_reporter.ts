/** Reports the steps of `--doctor` and keeps the step in progress. */

import { UserError } from "../errors.ts";
import { StepFailed } from "./measuring.ts";
import type { Step, StepFacts, StepListeners } from "./step.ts";

/** Reports steps to callbacks. */
export class StepReporter {
  readonly #listeners: StepListeners;
  #current: StepFacts;
  #failure: UserError | undefined;

  /** @param first The step that fails if the session does not start. */
  constructor(first: StepFacts, { onBegin, onStep }: StepListeners) {
    this.#current = first;
    this.#listeners = { onBegin, onStep };
  }

  /** The step that fails if the session ends now. */
  get current(): StepFacts {
    return this.#current;
  }

  /** The first failed step; undefined if all steps succeeded. */
  get failure(): UserError | undefined {
    return this.#failure;
  }

  /** Reports the beginning of a step. */
  begin(step: StepFacts): void {
    this.#current = step;
    this.#listeners.onBegin(step);
  }

  /** Reports the end of a step. */
  report(step: Step): void {
    if (step.status === "fail") this.#failure ??= new UserError(step.problem ?? step.step, { hint: step.hint });
    this.#listeners.onStep(step);
  }

  /**
   * Runs and reports one step. The session continues after a failure.
   *
   * @param onFailure Status of a failure.
   * @returns whether the step succeeded.
   */
  async run(
    step: StepFacts,
    measure: () => Promise<Partial<StepFacts>>,
    onFailure: "warn" | "fail" = "fail",
  ): Promise<boolean> {
    this.begin(step);
    try {
      this.report({ ...step, ...await measure(), status: "ok" } as Step);
      return true;
    } catch (error) {
      if (!(error instanceof StepFailed || (error instanceof UserError && step.step === "disk"))) throw error;
      const { message, hint } = error;
      this.report({ ...step, status: onFailure, problem: message, ...(hint === undefined ? {} : { hint }) });
      return false;
    }
  }
}
