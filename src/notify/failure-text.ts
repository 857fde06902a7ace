import type { MonitoringFailure } from './monitor.js';

/** Returns what failed as one clause per reason; undefined if nothing did. */
export function describeFailures(failures: readonly MonitoringFailure[]): string | undefined {
  const counts = new Map<string, { failure: MonitoringFailure; count: number }>();
  for (const failure of failures) {
    const key = `${failure.what} ${failure.reason}`;
    const { count = 0 } = counts.get(key) ?? {};
    counts.set(key, { failure, count: count + 1 });
  }
  const clauses = [...counts.values()].map(({ failure: { what, reason }, count }) => {
    const done = what === 'metrics file' ? 'written' : 'delivered';
    return count === 1
      ? `the ${what} was not ${done}: ${reason}`
      : `the ${what}s of ${count} shards were not ${done}: ${reason}`;
  });
  return clauses.length === 0 ? undefined : clauses.join('; ');
}
