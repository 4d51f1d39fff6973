/** Ranges of TCP ports for data connections. */

/** A range of ports, 1 to 65535, which are tried in order. */
export interface PortRange {
  readonly first: number;
  /** Last port, inclusive. */
  readonly last: number;
}

/** The default range, that of the reference tool EScp. Firewalls may already allow it. */
export const DEFAULT_PORTS: PortRange = { first: 1232, last: 1242 };
