/** Formats numbers for users. Units of bytes are binary: 1 KiB is 1024 bytes. */

const BYTES = { base: 1024, units: ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] };
/** Rates of network links are in powers of ten. */
const BITS = { base: 1000, units: ["bit", "kbit", "Mbit", "Gbit", "Tbit", "Pbit", "Ebit"] };

/** Returns for example `0 B`, `1023 B`, `1.0 KiB`, `99.9 MiB`, `361 GiB`: at most 8 characters up to 1023 EiB. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, BYTES);
}

/** Returns for example `361 MiB/s`, or in bits `3.0 Gbit/s`: at most 10 characters, 11 in bits. */
export function formatRate(bytesPerSecond: number, { bits }: { bits: boolean } = { bits: false }): string {
  return (bits ? scaled(bytesPerSecond * 8, BITS) : formatBytes(bytesPerSecond)) + "/s";
}

/** Returns an elapsed time such as `0.0 s`, `59.9 s`, `1 min 05 s`, `2 h 07 min`, `3 d 04 h`. */
export function formatDuration(ms: number): string {
  const tenths = Math.round(Math.max(0, ms) / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(tenths / 10);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)} d ${two(hours % 24)} h`;
}

/** Returns a running time as a clock shows it: `0:04`, `59:59`, `1:02:03`, `> 99 h`. */
export function formatClock(ms: number): string {
  const seconds = Math.ceil(Math.max(0, ms) / 1000);
  if (seconds >= 100 * 3600) return "> 99 h";
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** Returns for example `1 file`, `420 files`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function scaled(amount: number, { base, units }: { base: number; units: string[] }): string {
  let value = Math.max(0, amount);
  let unit = 0;
  // Compare the rounded value, so that "1.0 MiB" never appears as "1024 KiB".
  while (Math.round(value) >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  const oneDecimal = unit > 0 && value < 99.95;
  return `${oneDecimal ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
