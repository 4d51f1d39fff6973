/** What a source is when it is read again to verify its copy. */
export const SourceState = {
  /** It contains what was sent. */
  asSent: 0,
  /** It changed since it was sent. */
  changed: 1,
  /** It contains something else, though nothing changed it. */
  misread: 2,
  unreadable: 3,
} as const;
