import { assertEquals, assertObjectMatch } from "@std/assert";
import { formatMessage, parseMessage } from "../../../src/protocol/control/message_codec.ts";
import type { Message } from "../../../src/protocol/control/messages.ts";

/** Asserts that a message is one line, and that the parsed line is formatted as the same line. @returns the line. */
export function assertRoundTrip(message: Message): string {
  const line = formatMessage(message);
  assertEquals(line.includes("\n"), false);
  // Fields that the message does not have are undefined once it is parsed.
  const parsed = parseMessage(line);
  assertEquals(JSON.parse(formatMessage(parsed)), JSON.parse(line));
  assertObjectMatch(parsed as object as Record<string, unknown>, message as object as Record<string, unknown>);
  return line;
}
