import { Interrupted, messageOf, ProtocolError, UserError } from "../errors.ts";
import { printable } from "../escape_text.ts";

/**
 * The lines that tell the user about the error that ended the run, for stderr, safe for a terminal: `escp: <message>`,
 * `hint: <hint>`, and with -v what caused it. An error that is nobody's fault but ours keeps its stack.
 */
export function errorReport(error: unknown, { verbose }: { verbose: number }): string[] {
  const lines = labelled("escp", headline(error));
  const hint = hintOf(error);
  if (hint) lines.push(...labelled("hint", hint));
  if (isBug(error)) lines.push(...stackOf(error));
  if (verbose > 0) lines.push(...causes(error));
  return lines;
}

/** What an error says, on one line. */
export function headline(error: unknown): string {
  if (error instanceof ProtocolError) return `The other side broke the protocol (${error.code}): ${error.message}`;
  if (error instanceof UserError || error instanceof Interrupted) return error.message;
  return `Unexpected error: ${describe(error)}`;
}

/** What to do about it, where that is known. */
export function hintOf(error: unknown): string | undefined {
  if (error instanceof UserError || error instanceof Interrupted) return error.hint;
  if (error instanceof ProtocolError) return 'Compare "escp --version" on both sides, then run again with -vv';
  if (isBug(error)) return "This is a bug in escp: please report it with the lines below and the output of escp -V -v";
}

/** Whether it is nobody's fault but ours. */
export function isBug(error: unknown): boolean {
  return !(error instanceof UserError || error instanceof ProtocolError || error instanceof Interrupted);
}

/** The frames of the stack only: the message is in the first line already. */
function stackOf(error: unknown): string[] {
  const stack = error instanceof Error ? error.stack ?? "" : "";
  return printable(stack).split("\n").filter((line) => /^\s+at /.test(line));
}

function causes(error: unknown): string[] {
  const lines: string[] = [];
  // A chain that leads back to itself would never end.
  const seen = new Set<unknown>([error]);
  let cause = error instanceof Error ? error.cause : undefined;
  let said = headline(error);
  while (cause !== undefined && cause !== null && !seen.has(cause)) {
    seen.add(cause);
    // What the other side has said is passed on as it is, and need not be said twice.
    if (messageOf(cause) !== said) lines.push(...labelled("cause", describe(cause)));
    said = messageOf(cause);
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

/** The further lines of a long message are indented, so that a log reader sees where it ends. */
function labelled(label: string, text: string): string[] {
  const [first, ...more] = printable(text).trimEnd().split("\n");
  return [`${label}: ${first}`, ...more.map((line) => `  ${line}`)];
}
