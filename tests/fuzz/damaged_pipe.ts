/** Pipes of a control channel that damage a line. */

import type { RandomBytes } from "../support/files/random_bytes.ts";
import { mutate, noise } from "./mutate.ts";
import type { Pipe } from "./session_ends.ts";

const NEWLINE = 0x0a;

/** Options of a pipe. */
export interface PipeOptions {
  /** Returns the bytes that replace a line with its newline; undefined ends the pipe. */
  replace?: (line: Uint8Array, index: number) => Uint8Array | undefined | Promise<Uint8Array | undefined>;
}

/** Creates a pipe that passes line by line. */
export function createPipe({ replace = (line) => line }: PipeOptions = {}): Pipe {
  let held = new Uint8Array();
  let index = 0;
  let end = () => {};
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
    start(controller) {
      end = () => controller.terminate();
    },
    async transform(chunk, controller) {
      held = Uint8Array.from([...held, ...chunk]);
      for (let stop = held.indexOf(NEWLINE); stop >= 0; stop = held.indexOf(NEWLINE)) {
        const line = held.slice(0, stop + 1);
        held = held.slice(stop + 1);
        const passed = await replace(line, index++);
        if (!passed) return controller.terminate();
        controller.enqueue(passed);
      }
    },
  });
  return { readable, writable, end: () => end() };
}

/**
 * Creates a pipe that damages the line with the index `at`, passes `more` lines, and ends. Otherwise keep-alives would
 * keep an end waiting for a lost message.
 */
export function createDamagedPipe(random: RandomBytes, at: number, more: number): Pipe {
  return createPipe({
    replace(line, index) {
      if (index === at) return damaged(line, random);
      return index > at + more ? undefined : line;
    },
  });
}

function damaged(line: Uint8Array, random: RandomBytes): Uint8Array {
  switch (random.below(8)) {
    case 0:
      return noise(2000, random);
    case 1:
      return new Uint8Array(2 << 20).fill(0x78);
    case 2:
      return Uint8Array.from([...line, ...line]);
    default:
      return mutate(line, random);
  }
}
