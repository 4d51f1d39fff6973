/**
 * Text that came from outside (file names, ssh, the peer), made safe for a terminal: control characters, escape
 * sequences, bidirectional overrides and lone surrogates are written as escapes. Line breaks are kept, so that
 * `printable(text).split("\n")` gives its lines.
 */
export function printable(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(
    // deno-lint-ignore no-control-regex
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/gu,
    (char) => {
      const code = char.codePointAt(0)!;
      if (char === "\t") return "\\t";
      if (char === "\r") return "\\r";
      // A byte that is not UTF-8 is held as U+DC80..U+DCFF.
      if (code >= 0xdc80 && code <= 0xdcff) return "\\x" + (code - 0xdc00).toString(16);
      return code < 0x100 ? "\\x" + code.toString(16).padStart(2, "0") : "\\u" + code.toString(16).padStart(4, "0");
    },
  );
}
