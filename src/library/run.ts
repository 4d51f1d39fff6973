/** A run in progress, which can be awaited and iterated. */

import { UsageError } from "../errors.ts";

/**
 * A run in progress. Await it for its result, or iterate it for its events, or both:
 *
 * ```ts
 * import { copy } from "@escp/escp";
 *
 * const run = copy("photos", "backup:archive", { recursive: true });
 * for await (const event of run) if (event.type === "failed") console.log(event.message);
 * const { files } = await run;
 * ```
 *
 * The run starts immediately. An iteration receives the events from its start on. It ends with the run, and throws the error of
 * the run. The run does not wait for the loop: a `progress` event that was not received yet is replaced by the next one, all
 * other events are kept. Leaving the loop early, by `break` or an error, stops the run, and waits until it has cleaned up.
 */
export interface Run<Result, Event> extends Promise<Result>, AsyncIterable<Event> {
  /** Returns an iteration over the events from now on. */
  [Symbol.asyncIterator](): AsyncIterator<Event, undefined, undefined>;
}

/** The work of a run. Its promise has the result. */
export type Work<Result, Event> = (emit: (event: Event) => void, signal: AbortSignal) => Promise<Result>;

/** Starts a run after the calling code, which may start an iteration first. @param signal stops the run; its reason is thrown. */
export function startRun<Result, Event extends { type: string }>(
  work: Work<Result, Event>,
  signal?: AbortSignal,
): Run<Result, Event> {
  return new StartedRun(work, signal);
}

class StartedRun<Result, Event extends { type: string }> implements Run<Result, Event> {
  readonly [Symbol.toStringTag] = "Run";
  readonly #stop = new AbortController();
  readonly #queues = new Set<EventQueue<Event>>();
  readonly #result: Promise<Result>;

  constructor(work: Work<Result, Event>, signal: AbortSignal | undefined) {
    const emit = (event: Event) => {
      for (const queue of this.#queues) queue.push(event);
    };
    this.#result = Promise.resolve().then(() => {
      if (signal !== undefined && !(signal instanceof AbortSignal)) {
        throw new UsageError('Option "signal" must be an AbortSignal');
      }
      const stop = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal;
      stop.throwIfAborted();
      return work(emit, stop);
    });
  }

  then: Promise<Result>["then"] = (...handlers) => this.#result.then(...handlers);
  catch: Promise<Result>["catch"] = (handler) => this.#result.catch(handler);
  finally: Promise<Result>["finally"] = (handler) => this.#result.finally(handler);

  [Symbol.asyncIterator](): AsyncIterator<Event, undefined, undefined> {
    const queue = new EventQueue<Event>();
    this.#queues.add(queue);
    // The iteration throws the error.
    this.#result.then(() => queue.end(), (error) => queue.end({ error }));
    return {
      next: () => queue.next(),
      return: async () => {
        this.#queues.delete(queue);
        this.#stop.abort(new DOMException("The loop over the events of the run was left", "AbortError"));
        await this.#result.catch(() => {});
        return { done: true, value: undefined };
      },
    };
  }
}

/** Events of one iteration. */
class EventQueue<Event extends { type: string }> {
  #incoming: Event[] = [];
  /** Events to return, in reverse order. */
  #outgoing: Event[] = [];
  #ended: { error?: { error: unknown } } | undefined;
  /** Wakes the pending calls of `next`. */
  #wake = Promise.withResolvers<void>();

  push(event: Event): void {
    if (event.type === "progress" && this.#incoming.at(-1)?.type === "progress") this.#incoming.pop();
    this.#incoming.push(event);
    this.#wakeAll();
  }

  end(error?: { error: unknown }): void {
    this.#ended = { error };
    this.#wakeAll();
  }

  #wakeAll(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  async next(): Promise<IteratorResult<Event, undefined>> {
    while (this.#incoming.length + this.#outgoing.length === 0 && !this.#ended) {
      await this.#wake.promise;
    }
    if (this.#outgoing.length === 0) {
      this.#outgoing = this.#incoming.reverse();
      this.#incoming = [];
    }
    const event = this.#outgoing.pop();
    if (event !== undefined) return { done: false, value: event };
    const failure = this.#ended?.error;
    // Only one call of `next` throws.
    this.#ended = {};
    if (failure) throw failure.error;
    return { done: true, value: undefined };
  }
}
