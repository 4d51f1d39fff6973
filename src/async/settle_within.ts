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

/**
 * Returns the result of a promise that settles within `ms`. A later result or rejection is ignored.
 *
 * @param late Returns the error to throw after that time.
 * @throws the rejection of the promise, or the error from `late`.
 */
export async function withDeadline<Result>(ms: number, work: Promise<Result>, late: () => Error): Promise<Result> {
  const settled = await settleWithin(ms, work.then((result) => ({ result })));
  if (!settled) throw late();
  return settled.result;
}
