/** Waiting that comes to an end. */

/** Resolves with the work, or when the time is over: what becomes of the work then is up to others. @throws what it does. */
export async function settleWithin(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  const over = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
  await Promise.race([work, over]).finally(() => clearTimeout(timer));
}
