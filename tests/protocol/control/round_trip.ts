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
  assertObjectMatch(withTextOfBytes(parsed), withTextOfBytes(message));
  return line;
}

/** Encodes bytes as text. Comparing 96 KiB element by element takes half a minute. */
function withTextOfBytes(message: Message): Record<string, unknown> {
  const fields = Object.entries(message).map(([name, value]) => [
    name,
    value instanceof Uint8Array ? value.toBase64() : value,
  ]);
  return Object.fromEntries(fields);
}
