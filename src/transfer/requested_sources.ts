/** The sources of a pull. They are sent in the job, or after it if they are many or from a list. */

import { ProtocolError, UserError } from "../errors.ts";
import type { CleanJob, CopyJob } from "../protocol/control/job.ts";
import { MAX_ROOTS, MAX_SOURCES_TEXT } from "../protocol/limits.ts";
import { grouped, TextBudget } from "../protocol/control/texts.ts";
import type { ClientSession } from "../session/model/client_session.ts";
import type { ControlChannel } from "../session/model/control_channel.ts";
import { batches } from "./batches.ts";

/** A source on the remote host. */
export interface RequestedSource {
  /** Path as the user wrote it, without the host. */
  readonly path: string;
  /** Whether patterns and "~" have no special meaning in it. */
  readonly literal: boolean;
  /** Target of this source alone, as typed, without the host. Not sent to the remote end of a pull. */
  readonly target?: string;
}

/** Returns the error for sources whose paths are too long together. */
export function tooLong(): UserError {
  return new UserError(
    `Cannot copy all sources at once: together, their paths have more than ${grouped(MAX_SOURCES_TEXT)} characters`,
    { hint: "Copy them in several runs" },
  );
}

/** Returns the sources, followed by the paths in them that are copied, if only those are. */
export function withPaths(
  { sources, listed = [] }: { sources: readonly RequestedSource[]; listed?: readonly string[] },
): readonly RequestedSource[] {
  return listed.length === 0 ? sources : [...sources, ...listed.map((path) => ({ path, literal: true }))];
}

/** Maximum UTF-16 units of sources in a job, which must fit into one line. */
const MAX_IN_JOB = 64 << 10;

/** Returns the sources for the job, or `more` if they follow in messages. */
export function sourcesOfJob(sources: readonly RequestedSource[]): { sources: string[]; more?: true } {
  const size = sources.reduce((sum, { path }) => sum + path.length + 1, 0);
  if (size > MAX_IN_JOB || sources.some(({ literal }) => literal)) return { sources: [], more: true };
  return { sources: sources.map(({ path }) => path) };
}

/** Client: sends the sources that are not in the job. */
export async function sendRequested(
  { control }: ClientSession,
  sources: readonly RequestedSource[],
): Promise<void> {
  if (!sourcesOfJob(sources).more) return;
  if (sources.reduce((sum, { path }) => sum + path.length, 0) > MAX_SOURCES_TEXT) {
    throw tooLong();
  }
  let left = sources.length;
  const isAlike = (one: RequestedSource, other: RequestedSource) => one.literal === other.literal;
  for (const batch of batches(sources, ({ path }) => JSON.stringify(path).length, isAlike)) {
    left -= batch.length;
    control.send({
      type: "wanted",
      sources: batch.map(({ path }) => path),
      literal: batch[0].literal,
      last: left === 0,
    });
    await control.flushed();
  }
}

/**
 * Remote end: receives all sources of a pull, or directories to clean. None is resolved before the last has arrived,
 * because the client does not read while it sends them.
 *
 * @throws {ProtocolError}
 */
export async function readRequested(
  control: ControlChannel,
  { sources, more }: CleanJob | Extract<CopyJob, { direction: "pull" }>,
): Promise<RequestedSource[]> {
  const all: RequestedSource[] = sources.map((path) => ({ path, literal: false }));
  const texts = new TextBudget(MAX_SOURCES_TEXT, "sources");
  for (let last = !more; !last;) {
    const message = await control.expect("wanted");
    for (const path of message.sources) {
      texts.add(path.length);
      all.push({ path, literal: message.literal });
    }
    if (all.length > MAX_ROOTS) {
      throw new ProtocolError("bad-message", `Cannot accept more than ${grouped(MAX_ROOTS)} sources`);
    }
    last = message.last;
  }
  return all;
}
