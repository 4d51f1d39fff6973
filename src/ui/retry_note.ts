import type { RetryEvent } from "../transfer/events.ts";

/** Returns for example `The session with host was lost (...); trying again in 2 s, 4 tries left` after that try. */
export function retryNote({ message, pauseSeconds, left }: RetryEvent): string {
  const tries = left === 1 ? "1 try left" : `${left} tries left`;
  return `${message[0]?.toUpperCase() ?? ""}${message.slice(1)}; trying again in ${pauseSeconds} s, ${tries}`;
}
