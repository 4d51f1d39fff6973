/** Lets any number of waiters look again at a state that has changed. */
export class Condition {
  #waiters: (() => void)[] = [];

  /** Resolves at the next `announce`. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Wakes all who wait. */
  notifyAll(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
