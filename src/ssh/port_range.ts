/** Ranges of TCP ports for data connections. */

/** A range of ports, 1 to 65535. They are tried in order. */
export interface PortRange {
  readonly first: number;
  /** Last port, inclusive. */
  readonly last: number;
}

/** The default range. It is that of the reference tool EScp, which firewalls may already allow. */
export const DEFAULT_PORTS: PortRange = { first: 1232, last: 1242 };
