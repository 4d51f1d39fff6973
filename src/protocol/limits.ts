/** The sizes that both peers agree on. A peer that exceeds one breaks the protocol; see PROTOCOL.md, "Limits". */

/** Default bytes of a block of a ranged file. */
export const BLOCK_BYTES = 1 << 20;
/** Most bytes of a block that may be negotiated. */
export const MAX_BLOCK_BYTES = 16 << 20;
/** Least bytes of a block that may be negotiated. */
export const MIN_BLOCK_BYTES = 64 << 10;
/** Most bytes of a frame's payload beyond the negotiated block: headers, names, records. */
export const FRAME_SLACK_BYTES = 256 << 10;
/** A file of at most this many bytes is sent whole inside a pack frame; a larger one is announced and sent in ranges. */
export const PACK_FILE_LIMIT = 1 << 20;
/** Most records of one pack unit. */
export const PACK_RECORDS = 512;
/** Most bytes of file contents that the walk puts into one pack unit. */
export const PACK_BYTES = 4 << 20;
/** Most bytes of one name (NAME_MAX of every file system in use). */
export const MAX_NAME_BYTES = 255;
/** Most bytes of a path relative to a root. Beyond PATH_MAX on purpose: trees may be deeper than one system call takes. */
export const MAX_PATH_BYTES = 65_535;
/** Most bytes that the extended attributes of one path take in a record, with their names and headers. */
export const MAX_XATTRS_BYTES = 128 << 10;
/** Most bytes of one extended attribute's value (XATTR_SIZE_MAX of Linux). */
export const MAX_XATTR_VALUE_BYTES = 64 << 10;
/** Most bytes of a control line. */
export const MAX_LINE_BYTES = 1 << 20;
/** Most bytes of noise before the hello line. */
export const MAX_NOISE_BYTES = 64 << 10;
/** Most streams of a session. */
export const MAX_STREAMS = 64;
/** Streams that the remote end has opened have numbers from here on, those of the client lower ones. */
export const FIRST_REVERSE_STREAM = 2 ** 31;
/** Most places of the client that the remote end is told of. */
export const MAX_PLACES = 64;
/** Most characters of a name or address. */
export const MAX_HOSTNAME = 255;
/** Longest time that a client may have the remote end try to reach it. */
export const MAX_REACH_MS = 60_000;
/** Most roots of a job with a peer that does not have the feature "lists", and most that one pattern stands for. */
export const MAX_PLAIN_ROOTS = 65_535;
/** Most roots of a job. */
export const MAX_ROOTS = 1_000_000;
/** Maximum length of a path in a control message, in UTF-16 units: the path of a root and a path below it. */
export const MAX_PATH_TEXT = 1 << 17;
/** Maximum length of a text for the user in a control message, in UTF-16 units. */
export const MAX_MESSAGE_TEXT = 1 << 18;
/** Maximum length of a hint, in UTF-16 units. */
export const MAX_HINT_TEXT = 1 << 12;
/** Maximum length of the reason why a copy cannot be resumed, in UTF-16 units. */
export const MAX_REASON_TEXT = 1 << 12;
/** Maximum length of all requested sources together, in UTF-16 units. */
export const MAX_SOURCES_TEXT = 1 << 28;
/** Maximum length of the names and targets of all offered sources together, in UTF-16 units. */
export const MAX_OFFERED_TEXT = 1 << 27;
/** Maximum length of the paths (UTF-16 units) and extended attributes (bytes) of all directories together. */
export const MAX_DIRECTORIES_TEXT = 1 << 28;
/** Silence of the peer after which a stream, or the session, counts as broken, where the client says nothing else. */
export const TIMEOUT_MS = 60_000;
/** Least silence that a client may ask for. */
export const MIN_TIMEOUT_MS = 1_000;
/** Most silence that a client may ask for: a day. */
export const MAX_TIMEOUT_MS = 86_400_000;

/** How long an end says nothing at the most, in milliseconds: the peer shall hear of it several times before it gives up. */
export function keepAliveMs(timeoutMs: number): number {
  return Math.min(15_000, timeoutMs / 4);
}

/** Most bytes of a stream that one control line carries. */
export const CARRIED_BYTES = 96 << 10;
/** Most bytes of a carried stream that are under way in one direction. */
export const CARRIED_WINDOW_BYTES = 4 << 20;

/** What `escp --receiver-stream` says first, behind whatever its login shell has said. */
export const STREAM_MARK = "\nescp-stream\n";
