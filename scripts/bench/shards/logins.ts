/** Computes how many of N simultaneous logins sshd refuses because of MaxStartups. */

/** The setting `MaxStartups start:rate:full` of sshd_config(5). */
export interface MaxStartups {
  /** Number of unauthenticated connections from which sshd refuses some. */
  start: number;
  /** Percentage that it refuses from there on. It increases linearly to 100 at `full`. */
  rate: number;
  /** Number of unauthenticated connections from which sshd refuses all. */
  full: number;
}

/** Default of OpenSSH. */
export const DEFAULT_MAX_STARTUPS: MaxStartups = { start: 10, rate: 30, full: 100 };

export interface Logins {
  /** Probability that no login is refused. */
  allAccepted: number;
  /** Expected number of refused logins. */
  refused: number;
}

/** Returns the percentage of refused connections as `should_drop_connection` of OpenSSH computes it, in whole numbers. */
export function refusedPercent(unauthenticated: number, { start, rate, full }: MaxStartups): number {
  if (unauthenticated < start) return 0;
  if (unauthenticated >= full || rate === 100) return 100;
  return rate + Math.trunc((100 - rate) * (unauthenticated - start) / (full - start));
}

/** Computes the worst case: all logins of one host arrive before any of them has authenticated. */
export function simultaneousLogins(count: number, limits: MaxStartups = DEFAULT_MAX_STARTUPS): Logins {
  // Probability of each number of accepted connections.
  let accepted = new Float64Array(count + 1);
  accepted[0] = 1;
  for (let login = 0; login < count; login++) {
    const next = new Float64Array(count + 1);
    for (let open = 0; open <= login; open++) {
      const refused = refusedPercent(open, limits) / 100;
      next[open] += accepted[open] * refused;
      next[open + 1] += accepted[open] * (1 - refused);
    }
    accepted = next;
  }
  const expected = accepted.reduce((sum, probability, open) => sum + probability * open, 0);
  return { allAccepted: accepted[count], refused: count - expected };
}
