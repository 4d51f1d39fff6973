/**
 * The global scope of a Worker. A package must not reference the type library of Workers, because the reference would change
 * the types of its users.
 */
export interface WorkerScope<Received, Sent> {
  /** Called with each message of the thread that has started the Worker. */
  onmessage: (event: MessageEvent<Received>) => void;
  /** Sends a message to that thread. */
  postMessage(message: Sent): void;
  /** Ends the Worker. */
  close(): void;
}

/** Returns the global scope of the Worker in which the calling module is the entry. */
export function workerScope<Received, Sent>(): WorkerScope<Received, Sent> {
  return globalThis as unknown as WorkerScope<Received, Sent>;
}
