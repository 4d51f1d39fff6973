/** Discrete events and resources with a limited number of servers. No clock: time is simulated, in seconds. */

/** An event queue. */
export class Simulator {
  now = 0;
  /** A binary heap, earliest event first; equal times in the order of their creation. */
  readonly #events: { at: number; order: number; run: () => void }[] = [];
  #order = 0;

  /** Calls a function after a delay of at least 0 seconds. */
  after(seconds: number, run: () => void): void {
    const events = this.#events;
    events.push({ at: this.now + seconds, order: this.#order++, run });
    for (let at = events.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** Runs all events. `now` is then the time of the last one. */
  run(): void {
    const events = this.#events;
    while (events.length > 0) {
      const { at, run } = events[0];
      const last = events.pop()!;
      if (events.length > 0) {
        events[0] = last;
        this.#sink();
      }
      this.now = at;
      run();
    }
  }

  #sink(): void {
    for (let at = 0;;) {
      let first = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#events.length && this.#isBefore(child, first)) first = child;
      }
      if (first === at) return;
      this.#swap(at, first);
      at = first;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [left, right] = [this.#events[a], this.#events[b]];
    return left.at < right.at || (left.at === right.at && left.order < right.order);
  }

  #swap(a: number, b: number): void {
    [this.#events[a], this.#events[b]] = [this.#events[b], this.#events[a]];
  }
}

/** Servers of one kind: the cores of a machine, a thread, a lock, a link, a disk. Waiters are served in their order. */
export class Resource {
  readonly name: string;
  readonly servers: number;
  /** Seconds that all servers together were taken. */
  busySeconds = 0;
  readonly #simulator: Simulator;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;
  #since = 0;

  constructor(simulator: Simulator, name: string, servers: number) {
    this.#simulator = simulator;
    this.name = name;
    this.servers = servers;
  }

  /** Whether a server is free. */
  get isFree(): boolean {
    return this.#taken < this.servers;
  }

  /** Takes a server and calls a function, at once if one is free. */
  acquire(run: () => void): void {
    if (!this.isFree) {
      this.#waiting.push(run);
      return;
    }
    this.#count(1);
    run();
  }

  /** Releases a server, which the first waiter takes. */
  release(): void {
    const next = this.#waiting.shift();
    if (next) this.#simulator.after(0, next);
    else this.#count(-1);
  }

  /** Returns the part of the time up to now in which a server was taken, from 0 to 1. */
  utilization(): number {
    this.#count(0);
    return this.#simulator.now === 0 ? 0 : this.busySeconds / (this.#simulator.now * this.servers);
  }

  #count(change: number): void {
    const { now } = this.#simulator;
    this.busySeconds += this.#taken * (now - this.#since);
    this.#since = now;
    this.#taken += change;
  }
}
