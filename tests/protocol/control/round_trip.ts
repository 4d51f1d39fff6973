import { assertEquals } from "@std/assert";
import { formatMessage, parseMessage } from "../../../src/protocol/control/message_codec.ts";
import type { Message } from "../../../src/protocol/control/messages.ts";

/** Asserts that a message is one line, and that the parsed line is formatted as the same line. @returns the line. */
export function assertRoundTrip(message: Message): string {
  const line = formatMessage(message);
  assertEquals(line.includes("\n"), false);
  // Fields that the message does not have are undefined once it is parsed: compare the JSON.
  assertEquals(JSON.parse(formatMessage(parseMessage(line))), JSON.parse(line));
  return line;
}
