/** Sizes in binary units. */

/** Parses "2G", "512M", "64K" or a number of bytes. */
export function parseSize(text: string): number {
  const match = text.match(/^(\d+)([KMG]?)$/i);
  if (!match) throw new Error(`Cannot read the size "${text}": write it as 2G, 512M, 64K or as bytes`);
  return Number(match[1]) * 1024 ** " KMG".indexOf(match[2].toUpperCase() || " ");
}

/** Returns a size in the largest unit without a fraction. */
export function formatSize(bytes: number): string {
  const unit = ["GiB", "MiB", "KiB"].findIndex((_, at) => bytes % 1024 ** (3 - at) === 0);
  return unit < 0 ? `${bytes} bytes` : `${bytes / 1024 ** (3 - unit)} ${["GiB", "MiB", "KiB"][unit]}`;
}
