/** The first line of a connection to `escp --serve`, and the line that answers it. Both are sent before TLS. See WIRE_FORMAT.md. */

import { ProtocolError } from "../../errors.ts";

/** Maximum length of a first line, in bytes with its newline. */
export const MAX_FIRST_LINE_BYTES = 64;
/** Maximum length of the answer, in bytes with its newline. */
export const MAX_ANSWER_BYTES = 4096;
/** Maximum length of a certificate, in bytes. */
export const MAX_CERTIFICATE_BYTES = 2048;

const MAGIC = "escps/1";

/** The first byte of TLS: a handshake record (RFC 8446, section 5.1). */
const TLS_HANDSHAKE = 0x16;

/** Purpose of a connection. */
export type FirstLine =
  /** Control channel of a new session. */
  | { readonly kind: "control" }
  /** Data connection of a session. @see Accepted */
  | { readonly kind: "data"; readonly route: string };

/** Reasons to refuse a control channel before TLS. */
export const REFUSALS = ["busy", "ending"] as const;

/** Answer to the first line of a control channel. */
export type Answer =
  /** The server's certificate, as DER. TLS follows. */
  | { readonly kind: "certificate"; readonly certificate: Uint8Array<ArrayBuffer> }
  /** The connection ends. "busy": too many connections or sessions. "ending": the server accepts no new sessions. */
  | { readonly kind: "refused"; readonly reason: typeof REFUSALS[number] };

/** Returns whether a connection begins with TLS instead of a first line. */
export function isTlsStart(bytes: Uint8Array): boolean {
  return bytes[0] === TLS_HANDSHAKE;
}

/** Formats a first line, with its newline. */
export function formatFirstLine(line: FirstLine): string {
  return line.kind === "control" ? `${MAGIC} control\n` : `${MAGIC} data ${line.route}\n`;
}

/** Parses a first line without its newline. @throws {ProtocolError} code "bad-first-line". */
export function parseFirstLine(line: string): FirstLine {
  if (line === `${MAGIC} control`) return { kind: "control" };
  const route = /^escps\/1 data ([0-9a-f]{32})$/.exec(line)?.[1];
  if (route !== undefined) return { kind: "data", route };
  throw new ProtocolError("bad-first-line", "Cannot use the connection: its first line is not that of an escp client");
}

/** Formats an answer, with its newline. */
export function formatAnswer(answer: Answer): string {
  if (answer.kind === "refused") return `${MAGIC} refused ${answer.reason}\n`;
  return `${MAGIC} certificate ${answer.certificate.toBase64()}\n`;
}

/** Parses an answer without its newline. @throws {ProtocolError} code "bad-answer". */
export function parseAnswer(line: string): Answer {
  const [magic, kind, value, ...rest] = line.split(" ");
  if (magic === MAGIC && rest.length === 0 && value !== undefined) {
    const reason = REFUSALS.find((reason) => reason === value);
    if (kind === "refused" && reason !== undefined) return { kind, reason };
    if (kind === "certificate") return { kind, certificate: parseCertificate(value) };
  }
  throw new ProtocolError("bad-answer", "the server did not answer like escp --serve");
}

function parseCertificate(text: string): Uint8Array<ArrayBuffer> {
  let certificate: Uint8Array<ArrayBuffer>;
  try {
    certificate = Uint8Array.fromBase64(text);
  } catch (cause) {
    throw new ProtocolError("bad-answer", "the certificate of the server is not base64", { cause });
  }
  if (certificate.length > 0 && certificate.length <= MAX_CERTIFICATE_BYTES) return certificate;
  throw new ProtocolError(
    "bad-answer",
    `the certificate of the server is not 1 to ${MAX_CERTIFICATE_BYTES} bytes long`,
  );
}
