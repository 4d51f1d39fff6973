/**
 * Waits for a time. As `delay` of @std/async, which src/ cannot import (scripts/rules/import_rules.ts).
 *
 * @param options.signal Cancels the wait.
 * @throws the reason of the signal.
 */
export function delay(ms: number, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
