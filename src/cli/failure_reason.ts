/** Returns the reason of a failed call of `Deno.*`, without the error number, the call and the path that Deno appends. */
export function failureReason(error: unknown): string {
  return error instanceof Error ? error.message.replace(/ \(os error.*/s, "") : String(error);
}
