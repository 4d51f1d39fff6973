/**
 * Waits for a promise until a signal is aborted. The work itself continues. As `abortable` of @std/async, which src/ cannot
 * import (scripts/rules/import_rules.ts).
 *
 * @throws the reason of the signal, or the rejection of the promise.
 */
export async function abortable<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  return await Promise.race([aborted.promise, work]).finally(() => signal.removeEventListener("abort", onAbort));
}
