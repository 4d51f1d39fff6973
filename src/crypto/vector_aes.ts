/** Recognizes processors on which a newer OpenSSL encrypts faster. Pure. */

import { isAtLeast } from "../version_order.ts";

/** Features that AES-GCM with vector instructions needs (crypto/modes/asm/aes-gcm-avx512.pl of OpenSSL). */
const NEEDED = ["avx512f", "avx512dq", "avx512bw", "avx512vl", "vaes", "vpclmulqdq"];
/** First version of OpenSSL that has it. */
const FIRST_VERSION = [3, 1] as const;

/**
 * Returns a note if the processor has vector AES (VAES) and the library does not use it.
 *
 * @param library name and version, such as "OpenSSL 3.0.19".
 * @param cpuinfo text of /proc/cpuinfo; empty if unknown.
 */
export function vectorAesNote(library: string, cpuinfo: string): string | undefined {
  const features = /^flags\s*:(.*)$/m.exec(cpuinfo)?.[1].trim().split(/\s+/) ?? [];
  return NEEDED.every((name) => features.includes(name)) && isOlder(library) ? noteFor(library) : undefined;
}

/** Returns whether the notes of a machine contain the note about its library. */
export function recommendsNewerOpenssl(library: string, notes: readonly string[]): boolean {
  return notes.includes(noteFor(library));
}

function noteFor(library: string): string {
  return `${library} does not use the vector AES (VAES) of this processor`;
}

function isOlder(library: string): boolean {
  const version = /^OpenSSL (\d+\.\d+)/.exec(library)?.[1];
  return version !== undefined && !isAtLeast(version, FIRST_VERSION);
}
