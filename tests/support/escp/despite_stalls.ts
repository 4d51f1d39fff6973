/** Copies that a test expects to succeed with a short `--timeout`, on machines that stall. */

const ATTEMPTS = 3;
const SILENCE = /\bno (?:message|progress) for \d/;

/**
 * Repeats an attempt that failed because an end was silent: a machine whose disk stalls looks like that. A fault of escp
 * fails all three attempts.
 */
export async function despiteStalls(attempt: () => Promise<void>): Promise<void> {
  for (let failures = 1;; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (failures === ATTEMPTS || !SILENCE.test(String(error))) throw error;
    }
  }
}
