/** Lets any number of waiters look again at a state that has changed. */
export class Changes {
  #waiters: (() => void)[] = [];

  /** Resolves at the next `announce`. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Wakes all who wait. */
  announce(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
