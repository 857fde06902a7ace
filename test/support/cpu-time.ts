/** Returns the least CPU time that some work took in a few rounds; other processes do not count. */
export function cpuTimeOf(work: () => unknown, rounds = 4): number {
  let least = Infinity;
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, user + system);
  }
  return least;
}
