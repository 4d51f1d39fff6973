/** Peak memory of a process. Linux only. */

/** Returns the peak memory of a process so far, in bytes; 0 if it has ended. */
export function peakMemory(pid: number): number {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
