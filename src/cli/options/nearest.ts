/**
 * Returns the candidate that the user most likely meant: the only one that starts with the word, else the one with the fewest
 * edits, if these are at most a third of the word. Swapped, missing, added and wrong letters are one edit each.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const completions = candidates.filter((candidate) => candidate.startsWith(word));
  if (word.length >= 2 && completions.length === 1) return completions[0];
  let best: string | undefined;
  let bestEdits = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = editDistance(word, candidate);
    if (edits < bestEdits && edits < candidate.length) [best, bestEdits] = [candidate, edits];
  }
  return best;
}

/** Returns the number of edits between two words; swapping two neighbours is one edit (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let edits = Math.min(last[column] + 1, current[column - 1] + 1, last[column - 1] + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) edits = Math.min(edits, beforeLast[column - 2] + 1);
      current.push(edits);
    }
    [beforeLast, last] = [last, current];
  }
  return last[b.length];
}
