/** Limits of running sessions: their number in total and of each client, because each one is a process. */

/** Limits of a gate. */
export interface SessionGateLimits {
  /** Maximum number of sessions. */
  readonly total: number;
  /** As `total`, of one client. */
  readonly perClient: number;
}

const DEFAULTS: SessionGateLimits = { total: 128, perClient: 32 };

/** The place of a session, which disposing frees, or the reason for which there is none. It is for the client and the log. */
export type SessionPlace = Disposable | { readonly refused: string };

/** Counts running sessions. Its memory is bounded by `total`. */
export class SessionGate {
  readonly #limits: SessionGateLimits;
  /** Number of sessions by client. */
  readonly #running = new Map<string, number>();
  #total = 0;

  constructor(limits: Partial<SessionGateLimits> = {}) {
    this.#limits = { ...DEFAULTS, ...limits };
  }

  /** The reason for which no client can start a session; undefined if there are places. */
  get refused(): string | undefined {
    const { total } = this.#limits;
    return this.#total >= total ? `it runs ${countOf(total)}, the maximum` : undefined;
  }

  /** Gives a place to a session. @param client Identity of the client, such as its key. */
  admit(client: string): SessionPlace {
    const { perClient } = this.#limits;
    const count = this.#running.get(client) ?? 0;
    const refused = count >= perClient ? `it runs ${countOf(perClient)} of this key, the maximum` : this.refused;
    if (refused !== undefined) return { refused };
    this.#running.set(client, count + 1);
    this.#total++;
    let isFree = false;
    return {
      [Symbol.dispose]: () => {
        if (isFree) return;
        isFree = true;
        this.#free(client);
      },
    };
  }

  #free(client: string): void {
    this.#total--;
    const left = this.#running.get(client)! - 1;
    if (left === 0) this.#running.delete(client);
    else this.#running.set(client, left);
  }
}

function countOf(sessions: number): string {
  return `${sessions} session${sessions === 1 ? "" : "s"}`;
}
