import { Interrupted, messageOf, ProtocolError, UserError } from "../errors.ts";
import { printable } from "../escape_text.ts";

/**
 * Returns the lines that report an error on standard error, escaped for a terminal: `escp: <message>`, `hint: <hint>`, and with -v
 * the causes. A bug keeps its stack.
 */
export function errorReport(error: unknown, { verbose }: { verbose: number }): string[] {
  const lines = labelled("escp", headline(error));
  const hint = hintOf(error);
  if (hint) lines.push(...labelled("hint", hint));
  if (isBug(error)) lines.push(...stackOf(error));
  if (verbose > 0) lines.push(...causes(error));
  return lines;
}

/** Returns the message of an error. */
export function headline(error: unknown): string {
  if (error instanceof ProtocolError) return `The peer violated the protocol (${error.code}): ${error.message}`;
  if (error instanceof UserError || error instanceof Interrupted) return error.message;
  return `Unexpected error: ${describe(error)}`;
}

/** Returns the hint for an error, if there is one. */
export function hintOf(error: unknown): string | undefined {
  if (error instanceof UserError || error instanceof Interrupted) return error.hint;
  if (error instanceof ProtocolError) return 'Compare "escp --version" on both hosts, then run again with -vv';
  if (isBug(error)) return "This is a bug in escp: please report it with the lines below and the output of escp -V -v";
}

/** Returns whether an error is a bug in escp. */
export function isBug(error: unknown): boolean {
  return !(error instanceof UserError || error instanceof ProtocolError || error instanceof Interrupted);
}

/** Returns the frames of the stack without the message, which is in the first line. */
function stackOf(error: unknown): string[] {
  const stack = error instanceof Error ? error.stack ?? "" : "";
  return printable(stack).split("\n").filter((line) => /^\s+at /.test(line));
}

function causes(error: unknown): string[] {
  const lines: string[] = [];
  // Detects cycles.
  const seen = new Set<unknown>([error]);
  let cause = error instanceof Error ? error.cause : undefined;
  let previous = headline(error);
  while (cause !== undefined && cause !== null && !seen.has(cause)) {
    seen.add(cause);
    // Omit a cause that repeats the message of its error, such as a message of the peer.
    if (messageOf(cause) !== previous) lines.push(...labelled("cause", describe(cause)));
    previous = messageOf(cause);
    if (cause instanceof AggregateError) {
      for (const each of cause.errors) lines.push(...labelled("cause", describe(each)));
    }
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return lines;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof UserError ? error.message : `${error.name}: ${error.message}`;
}

/** Labels a message. Further lines are indented, so that the end of the message is visible in a log. */
function labelled(label: string, text: string): string[] {
  const [first, ...more] = printable(text).trimEnd().split("\n");
  return [`${label}: ${first}`, ...more.map((line) => `  ${line}`)];
}
