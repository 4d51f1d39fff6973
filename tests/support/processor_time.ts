import { cpuUsage } from "node:process";

/** Returns the processor time of synchronous work in milliseconds, to which other processes add little. */
export function processorMs(work: () => void): number {
  const before = cpuUsage();
  work();
  const { user, system } = cpuUsage(before);
  return (user + system) / 1000;
}
