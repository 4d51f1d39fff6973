/**
 * Waits for a promise for a limited time. The timer is cleared when the promise settles first; `deadline` of @std/async
 * leaves its timer running and rejects.
 *
 * @returns the result, or undefined if `ms` have passed. A later result or rejection is ignored.
 * @throws the rejection of the promise.
 */
export async function settleWithin<Result>(ms: number, work: Promise<Result>): Promise<Result | undefined> {
  let timer: ReturnType<typeof setTimeout>;
  const timeout = new Promise<undefined>((resolve) => timer = setTimeout(() => resolve(undefined), ms));
  return await Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}
