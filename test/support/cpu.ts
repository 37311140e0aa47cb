/**
 * What a piece of work takes of its thread's time, in ms: the least of three, for what else the
 * machine does, and what it collects as garbage, is not the work's.
 */
export function cpuMsOf(work: () => unknown): number {
  const times = [0, 1, 2].map(() => {
    const before = process.threadCpuUsage();
    work();
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...times);
}
