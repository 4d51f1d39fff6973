import { StartError } from "../../errors.ts";

/** Returns the error for a server to which no connection can be opened. */
export function unreachable(name: string, reason: string, cause: unknown): StartError {
  return new StartError(`Cannot connect to ${name}: ${reason}`, {
    cause,
    hint: "Check that escp --serve runs there, and that a firewall admits its port",
  });
}

/** Returns the function that makes the error for a server that is silent. */
export function noAnswer(timeoutMs: number): () => Error {
  return () => new Deno.errors.TimedOut(`no answer within ${timeoutMs / 1000} s`);
}
