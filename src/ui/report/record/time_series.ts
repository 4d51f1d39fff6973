/** Columns of numbers over time, with bounded memory. */

/** Maximum number of rows. More rows halve the resolution. */
const MAX_ROWS = 600;

/** A number, or null if it was unknown at that time. */
export type Cell = number | null;

/** Rows that are added regularly. A column may begin and end at any row. */
export class TimeSeries {
  /** Time of each row, in the unit of the caller. */
  readonly times: number[] = [];
  readonly #columns = new Map<string, Cell[]>();
  /** Only every `#stride`th row is kept. */
  #stride = 1;
  #added = 0;

  /** Number of added rows per kept row. */
  get stride(): number {
    return this.#stride;
  }

  /** Adds a row. Columns without a value get null. */
  add(time: number, values: Iterable<readonly [column: string, value: number | undefined]>): void {
    if (this.#added++ % this.#stride !== 0) return;
    this.#put(time, values);
    if (this.times.length >= MAX_ROWS) this.#halve();
  }

  /** Adds the last row, which is always kept. */
  addLast(time: number, values: Iterable<readonly [column: string, value: number | undefined]>): void {
    this.#put(time, values);
  }

  /** Returns a column, with a cell for each row. */
  column(name: string): Cell[] {
    const cells = this.#columns.get(name) ?? [];
    return [...cells, ...Array<Cell>(this.times.length - cells.length).fill(null)];
  }

  #put(time: number, values: Iterable<readonly [string, number | undefined]>): void {
    const row = this.times.push(time) - 1;
    for (const [name, value] of values) {
      const cells = this.#columns.get(name) ?? [];
      while (cells.length < row) cells.push(null);
      cells[row] = value ?? null;
      this.#columns.set(name, cells);
    }
  }

  #halve(): void {
    for (const cells of [this.times, ...this.#columns.values()]) {
      const kept = cells.filter((_, at) => at % 2 === 0);
      cells.length = 0;
      for (const cell of kept) (cells as Cell[]).push(cell);
    }
    this.#stride *= 2;
  }
}
