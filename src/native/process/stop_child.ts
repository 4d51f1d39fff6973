/** Sends a signal to a child process, which may have ended by itself just now. */
export function stopChild(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // Then it has ended: what it leaves undone its status tells.
  }
}
