/** Threads of a simulation. A thread runs on any core of its machine, and sleeps while it waits for a lock or a disk. */

import type { Resource, Simulator } from "./simulator.ts";

/** A part of the work on an item. */
export interface Step {
  /** Name of the stage, for the sums. */
  stage: string;
  seconds: number;
  /** Serial resource, such as a lock or a disk, that is taken during the step. */
  holds?: string;
  /** Whether the thread waits without a core. Default: false. */
  waits?: boolean;
}

/** Resources of a thread. */
interface ThreadResources {
  thread: Resource;
  cores: Resource;
  resource(name: string): Resource;
  account(step: Step): void;
}

/** A thread, which works on one item after the other. */
export class Thread {
  readonly #simulator: Simulator;
  readonly #resources: ThreadResources;

  constructor(simulator: Simulator, resources: ThreadResources) {
    this.#simulator = simulator;
    this.#resources = resources;
  }

  /** Runs steps. Calls `finished` after each, and `done` after the last. */
  work(steps: Step[], finished: (step: Step | undefined) => void, done: () => void): void {
    const { thread, cores } = this.#resources;
    const run = (at: number, hasCore: boolean): void => {
      const step = steps[at];
      if (!step) {
        if (hasCore) cores.release();
        thread.release();
        if (steps.length === 0) finished(undefined);
        return done();
      }
      const resource = step.holds === undefined ? undefined : this.#resources.resource(step.holds);
      const begin = (core: boolean) => {
        if (!step.waits) this.#resources.account(step);
        this.#simulator.after(step.seconds, () => {
          resource?.release();
          finished(step);
          run(at + 1, core);
        });
      };
      // A thread that waits for a lock or a disk sleeps.
      const sleeps = step.waits || (resource !== undefined && !resource.isFree);
      if (sleeps && hasCore) cores.release();
      const core = hasCore && !sleeps;
      const withCore = () => step.waits ? begin(false) : core ? begin(true) : cores.acquire(() => begin(true));
      if (resource) resource.acquire(withCore);
      else withCore();
    };
    thread.acquire(() => run(0, false));
  }
}
