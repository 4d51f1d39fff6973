/** Restrictions of the clients of a server. */

/** Restrictions of a session. */
export interface Restrictions {
  /** Directory that confines the session: an absolute path of the server's machine. */
  readonly root: string;
  /** Directions that are allowed, seen from the client. Default: both. */
  readonly allow?: readonly ("push" | "pull")[];
  /** Maximum rate of the session, in bytes per second. Default: unlimited. */
  readonly bytesPerSecond?: number;
}
