/** Names that are the same on some file systems: with other case, and in the other normal form of Unicode. */
export const ALIKE: readonly string[] = [
  "name",
  "NAME",
  "Name",
  "\u00e9",
  "e\u0301",
  "\u00df",
  "ss",
  "\u212b",
  "\u00c5",
];
