/** Options and operands for the library in a suite's scene. */

import type { CopyOptions } from "../../src/mod.ts";
import { useEscpEnvironment } from "../support/escp/environment.ts";
import { afterAll, beforeAll } from "../support/bdd.ts";
import type { Direction, Scene, Variant } from "../support/scene.ts";

/** Gives the process the environment of programs that the tests start, while the suite runs. */
export function useLibraryEnvironment(): void {
  let environment: Disposable | undefined;
  beforeAll(async () => {
    environment = await useEscpEnvironment();
  });
  afterAll(() => environment?.[Symbol.dispose]());
}

/** Returns the options for copies with the server of a scene. */
export function sceneOptions({ sshd }: Scene, { engine, streams }: Omit<Variant, "direction">): CopyOptions {
  return {
    sshConfig: sshd.configPath,
    remotePath: `${sshd.binDirectory}/${engine}/escp`,
    engine,
    streams,
    threads: 2,
    // A busy machine may answer late on a data port.
    tunnel: "never",
  };
}

/** Returns the source and the target of a copy in a direction. */
export function operandsFor(direction: Direction, from: string, to: string): [source: string, target: string] {
  return [direction === "pull" ? `testhost:${from}` : from, direction === "push" ? `testhost:${to}` : to];
}
