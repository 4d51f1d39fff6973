/** Limits of connections before their proof, as the server uses them. */

/** Admits connections. */
export interface Gate {
  /** Counts a connection before its proof. Returns undefined if there are too many. Disposing ends the count. */
  admit(address: string): Disposable | undefined;
  /** Counts a wrong proof. Returns the pause before the answer, in milliseconds. */
  wrongProof(address: string): number;
  /** Forgets the wrong proofs of an address. */
  rightProof(address: string): void;
}
