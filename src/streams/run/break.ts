/** Classification of the errors that break streams. */

import { CorruptionError, ProtocolError, UserError } from "../../errors.ts";
import type { StreamBreak } from "./thread_messages.ts";

/** Errors of a broken connection. Other errors are bugs. */
const CONNECTION_ERRORS = [
  Deno.errors.ConnectionReset,
  Deno.errors.ConnectionAborted,
  Deno.errors.ConnectionRefused,
  Deno.errors.BrokenPipe,
  Deno.errors.TimedOut,
  Deno.errors.UnexpectedEof,
  Deno.errors.Interrupted,
  Deno.errors.BadResource,
  Deno.errors.NotConnected,
];

/** Returns an error as plain data. */
export function describeBreak(error: unknown): StreamBreak {
  if (error instanceof CorruptionError) return { kind: "corruption", code: error.code, message: error.message };
  if (error instanceof ProtocolError) return { kind: "protocol", code: error.code, message: error.message };
  const { message, stack, name } = error instanceof Error ? error : new Error(String(error));
  const kind = CONNECTION_ERRORS.some((each) => error instanceof each) || isSystemError(error) ? "connection" : "bug";
  return { kind, code: name, message, stack };
}

/** Returns plain data as an error. */
export function breakError(why: StreamBreak): Error {
  if (why.kind === "corruption") return new CorruptionError(why.code, why.message);
  if (why.kind === "protocol") return new ProtocolError(why.code, why.message);
  if (why.kind === "connection") return new Error(why.message);
  const bug = new StreamBug(why.message);
  if (why.stack) bug.stack = why.stack;
  return bug;
}

/** A bug of this program broke a stream. The stack is from the thread of the stream. */
export class StreamBug extends Error {
  override name = "StreamBug";
}

/** Returns whether the error has a code of the system. Some network errors, such as EHOSTUNREACH, have no class in Deno. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && !(error instanceof UserError) &&
    typeof (error as { code?: unknown }).code === "string" &&
    /^E[A-Z]+$/.test((error as unknown as { code: string }).code);
}
