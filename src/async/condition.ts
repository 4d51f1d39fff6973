/** Condition variable: lets any number of waiters check a changed state again. */
export class Condition {
  #waiters: (() => void)[] = [];

  /** Resolves at the next `notifyAll`. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Wakes all waiters. */
  notifyAll(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
