/** Reads what escp prints with `--json`: one event per line. */

/** An event; its fields depend on its type (see "JSON output" in src/cli/MANUAL.md). */
export type JsonEvent = ReturnType<typeof JSON.parse>;

/** Returns all events. */
export function parseEvents(stdout: string): JsonEvent[] {
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** Returns the last event, which sums up the run. */
export function lastEvent(stdout: string): JsonEvent {
  return JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
}
