/** Compares versions of escp. */

/** Returns those of the versions that are older than a version. Text that is not a version of escp is omitted. */
export function olderVersions(versions: readonly string[], version: string): string[] {
  const own = parse(version);
  return versions.filter((text) => {
    const other = parse(text);
    return own !== undefined && other !== undefined && compare(other, own) < 0;
  });
}

function parse(text: string): number[] | undefined {
  const found = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})$/.exec(text);
  return found?.slice(1).map(Number);
}

function compare(one: number[], other: number[]): number {
  const at = one.findIndex((part, index) => part !== other[index]);
  return at < 0 ? 0 : one[at] - other[at];
}
