/**
 * Simulates one transfer: streams pull items from a common queue. A thread of the sender runs the steps of an item, the link
 * carries it, and a thread of the receiver runs its further steps. A thread runs on any core of its machine.
 */

import { Resource, Simulator } from "./simulator.ts";
import { type Step, Thread } from "./thread.ts";

/** A frame with its work: a block of a large file, or a pack. */
export interface Item {
  bytes: number;
  /** Steps that need no thread. They run while the stream sends its previous item. */
  ahead?: Step[];
  send: Step[];
  /** The first step reads from the connection, and makes room for further items. */
  receive: Step[];
}

/** One end of a transfer. */
export interface End {
  /** Name of the machine. Both ends may be on the same. */
  machine: string;
  cores: number;
  /** Threads that run streams; stream n uses thread n modulo this number. */
  threads: number;
}

export interface Link {
  /** Infinity: unlimited. */
  bytesPerSecond: number;
  roundTripSeconds: number;
  /** Maximum number of bytes in flight per stream. */
  windowBytes: number;
}

export interface Transfer {
  sender: End;
  receiver: End;
  streams: number;
  link: Link;
  items: Iterable<Item>;
}

export interface Outcome {
  seconds: number;
  bytes: number;
  /** Time of cores by stage. */
  cpuSeconds: Record<string, number>;
  /** Used part of each resource, from 0 to 1, the largest first. Cores, threads and locks of equal kind are one entry. */
  utilization: { name: string; used: number }[];
}

/** Runs a transfer to its end. */
export function simulate(transfer: Transfer): Outcome {
  return new Run(transfer).run();
}

/** One simulation. */
class Run {
  readonly #simulator = new Simulator();
  readonly #resources = new Map<string, Resource>();
  readonly #cpuSeconds: Record<string, number> = {};
  readonly #transfer: Transfer;
  readonly #items: Iterator<Item>;
  #bytes = 0;

  constructor(transfer: Transfer) {
    this.#transfer = transfer;
    this.#items = transfer.items[Symbol.iterator]();
  }

  run(): Outcome {
    const { sender, receiver, streams } = this.#transfer;
    for (let stream = 0; stream < streams; stream++) {
      const ends = {
        send: this.#thread(sender, "sender", stream),
        receive: this.#thread(receiver, "receiver", stream),
      };
      this.#startStream(ends);
    }
    this.#simulator.run();
    return {
      seconds: this.#simulator.now,
      bytes: this.#bytes,
      cpuSeconds: this.#cpuSeconds,
      utilization: this.#utilization(),
    };
  }

  #startStream(ends: { send: Thread; receive: Thread }): void {
    const { windowBytes, roundTripSeconds } = this.#transfer.link;
    let inFlight = 0;
    let blocked: (() => void) | undefined;
    const credit = (bytes: number) => {
      inFlight -= bytes;
      const waiting = blocked;
      blocked = undefined;
      waiting?.();
    };
    const arrive = (item: Item) => {
      const [first] = item.receive;
      ends.receive.work(item.receive, (step) => {
        if (step === first) this.#simulator.after(roundTripSeconds / 2, () => credit(item.bytes));
      }, () => this.#bytes += item.bytes);
    };
    const send = (item: Item, next: () => void) => {
      if (inFlight > 0 && inFlight + item.bytes > windowBytes) {
        blocked = () => send(item, next);
        return;
      }
      inFlight += item.bytes;
      ends.send.work(item.send, () => {}, () => {
        this.#carry(item, () => arrive(item));
        next();
      });
    };
    let ready: { item: Item; done: boolean; wake?: () => void } | undefined;
    const prepare = () => {
      const { value: item, done } = this.#items.next();
      if (done) return undefined;
      const prepared: { item: Item; done: boolean; wake?: () => void } = { item, done: false };
      this.#runAlone(item.ahead ?? [], () => {
        prepared.done = true;
        prepared.wake?.();
      });
      return prepared;
    };
    const loop = () => {
      const current = ready ?? prepare();
      ready = undefined;
      if (!current) return;
      const begin = () => {
        if (current.item.ahead) ready = prepare();
        send(current.item, loop);
      };
      if (current.done) begin();
      else current.wake = begin;
    };
    this.#simulator.after(0, loop);
  }

  /** Transmits an item. One that exceeds the window needs further round trips. */
  #carry({ bytes }: Item, arrived: () => void): void {
    const { bytesPerSecond, roundTripSeconds, windowBytes } = this.#transfer.link;
    const further = Math.max(0, Math.ceil(bytes / windowBytes) - 1) * roundTripSeconds;
    const delay = roundTripSeconds / 2 + further;
    if (bytesPerSecond === Infinity) {
      this.#simulator.after(delay, arrived);
      return;
    }
    const link = this.#resource("link", 1);
    link.acquire(() =>
      this.#simulator.after(bytes / bytesPerSecond, () => {
        link.release();
        this.#simulator.after(delay, arrived);
      })
    );
  }

  /** Runs steps that use no core. */
  #runAlone(steps: Step[], done: () => void): void {
    const [step, ...rest] = steps;
    if (!step) return done();
    const finish = () => this.#runAlone(rest, done);
    if (!step.holds) return this.#simulator.after(step.seconds, finish);
    const resource = this.#resource(step.holds, 1);
    resource.acquire(() =>
      this.#simulator.after(step.seconds, () => {
        resource.release();
        finish();
      })
    );
  }

  #thread(end: End, role: string, stream: number): Thread {
    return new Thread(this.#simulator, {
      thread: this.#resource(`thread of the ${role} ${stream % end.threads}`, 1),
      cores: this.#resource(`cores of ${end.machine}`, end.cores),
      resource: (name) => this.#resource(name, 1),
      account: ({ stage, seconds }) => this.#cpuSeconds[stage] = (this.#cpuSeconds[stage] ?? 0) + seconds,
    });
  }

  #resource(name: string, servers: number): Resource {
    let resource = this.#resources.get(name);
    if (!resource) this.#resources.set(name, resource = new Resource(this.#simulator, name, servers));
    return resource;
  }

  /** Returns the mean of each kind: resources of one kind differ by a number at the end of their names. */
  #utilization(): { name: string; used: number }[] {
    const kinds = Map.groupBy(this.#resources.values(), ({ name }) => name.replace(/ \d+$/, ""));
    return Array.from(kinds, ([name, resources]) => ({
      name,
      used: resources.reduce((sum, resource) => sum + resource.utilization(), 0) / resources.length,
    })).sort((a, b) => b.used - a.used);
  }
}
