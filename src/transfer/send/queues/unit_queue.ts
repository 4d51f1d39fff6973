/** Units that wait for a stream, and units that streams have. */

import type { CompareUnit, DigestUnit, PackUnit, ScanUnit, SignatureUnit, WorkUnit } from "../../../streams/unit.ts";

/** A unit that any stream may take. Ranges are taken from the large files instead. */
type QueuedUnit = PackUnit | CompareUnit | DigestUnit | SignatureUnit | ScanUnit;

/** Fields that the queue sets. */
type Numbered = "unit" | "attempt";

type Unnumbered<Unit> = Unit extends QueuedUnit ? Omit<Unit, Numbered> : never;

/** Numbers units, and knows which stream has which. */
export class UnitQueue {
  readonly #ready: QueuedUnit[] = [];
  /** Units that streams have, by number. */
  readonly #taken = new Map<number, { unit: WorkUnit; stream: number }>();
  #nextUnit = 0;

  /** Whether no unit waits, and no stream has one. */
  get isEmpty(): boolean {
    return this.#ready.length === 0 && this.#taken.size === 0;
  }

  /** Number of the next unit. */
  get nextUnit(): number {
    return this.#nextUnit;
  }

  /** Adds a unit. @returns its number. */
  add(unit: Unnumbered<QueuedUnit>): number {
    const number = this.#nextUnit++;
    this.#ready.push({ ...unit, unit: number, attempt: 0 } as QueuedUnit);
    return number;
  }

  /** Returns the next unit of the queue, which the stream has from now on; undefined if none waits. */
  take(stream: number): QueuedUnit | undefined {
    const unit = this.#ready.shift();
    if (unit) this.#taken.set(unit.unit, { unit, stream });
    return unit;
  }

  /** Notes that a stream has a unit with the number `nextUnit` that was not in the queue. */
  taken(unit: WorkUnit, stream: number): void {
    this.#nextUnit++;
    this.#taken.set(unit.unit, { unit, stream });
  }

  /** Removes the units that wait for a stream and that `drops` selects. @returns their numbers. */
  drop(drops: (unit: QueuedUnit) => boolean): number[] {
    const { dropped = [], kept = [] } = Object.groupBy(this.#ready, (unit) => drops(unit) ? "dropped" : "kept");
    this.#ready.length = 0;
    this.#ready.push(...kept);
    return dropped.map(({ unit }) => unit);
  }

  /** Removes a unit that a stream has reported. @returns undefined if it was requeued since. */
  remove(number: number): WorkUnit | undefined {
    const unit = this.#taken.get(number)?.unit;
    this.#taken.delete(number);
    return unit;
  }

  /** Requeues the units of a broken stream. @param takeBack called with each unit; some do not belong to the queue. */
  requeue(stream: number, takeBack: (unit: WorkUnit) => void): void {
    for (const [number, { unit, stream: owner }] of this.#taken) {
      if (owner !== stream) continue;
      this.#taken.delete(number);
      takeBack(unit);
      if (unit.type !== "range" && unit.type !== "input") this.#ready.push({ ...unit, attempt: unit.attempt + 1 });
    }
  }
}
