/**
 * Lets timers and messages have their turn. A stream whose socket always has room or data would otherwise never give up
 * its thread: synchronous calls and settled promises do not go through the event loop.
 */
export class EventLoopYielder {
  #last = performance.now();
  #channel?: MessageChannel;
  #turning: Promise<void> | undefined;

  /** Call it once a frame. It takes a turn of the event loop when the last one was more than 10 ms ago. */
  yieldIfDue(): void | Promise<void> {
    if (performance.now() - this.#last < 10) return;
    // Several loops may share a yielder: they take the same turn.
    this.#turning ??= this.#turn().finally(() => this.#turning = undefined);
    return this.#turning;
  }

  /** Frees the channel; without it a thread does not come to its end. */
  close(): void {
    this.#channel?.port1.close();
    this.#channel?.port2.close();
    this.#channel = undefined;
  }

  // Through a MessageChannel: a timer of 0 ms costs a millisecond, this some 30 us.
  async #turn(): Promise<void> {
    this.#channel ??= new MessageChannel();
    const { port1, port2 } = this.#channel;
    await new Promise<void>((resolve) => {
      port1.onmessage = () => resolve();
      port2.postMessage(0);
    });
    this.#last = performance.now();
  }
}
