/**
 * Yields to the event loop, so that timers and messages are handled. A stream whose socket always has space or data would
 * otherwise occupy its thread: synchronous calls and settled promises do not return to the event loop.
 */
export class EventLoopYielder {
  #last = performance.now();
  #channel?: MessageChannel;
  #yielding: Promise<void> | undefined;

  /** Yields if the last yield was more than 10 ms ago. Call it once per frame. */
  yieldIfDue(): void | Promise<void> {
    if (performance.now() - this.#last < 10) return;
    // Several loops may share a yielder: they wait for the same turn of the event loop.
    this.#yielding ??= this.#yield().finally(() => this.#yielding = undefined);
    return this.#yielding;
  }

  /** Closes the channel, which would keep the thread alive. */
  close(): void {
    this.#channel?.port1.close();
    this.#channel?.port2.close();
    this.#channel = undefined;
  }

  // A message takes about 30 us; a timer of 0 ms takes 1 ms.
  async #yield(): Promise<void> {
    this.#channel ??= new MessageChannel();
    const { port1, port2 } = this.#channel;
    await new Promise<void>((resolve) => {
      port1.onmessage = () => resolve();
      port2.postMessage(0);
    });
    this.#last = performance.now();
  }
}
