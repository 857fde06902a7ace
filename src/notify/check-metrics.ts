import type { CheckResult, CheckStatus } from '../backup/check-result.js';
import { formatMetrics, type Sample } from './metrics-text.js';

/** What `check` found out about a shard. The exit code is that of the shard, not of the command. */
export type CheckFindings = Pick<CheckResult, 'checks' | 'exitCode'>;

const timestamp = 'chbackup_check_timestamp_seconds';
const status = 'chbackup_check_status';

const help = {
  [timestamp]: 'When the last check of the shard ended.',
  [status]: 'The result of a check: 0 is ok, 1 a warning, 2 critical.',
};

/** A check that was skipped has no series: its result is not known. */
const values: Record<CheckStatus, number | undefined> = {
  ok: 0,
  warning: 1,
  critical: 2,
  skipped: undefined,
};

export function checkMetricsFile(shard: string): string {
  return `chbackup_check_${shard}.prom`;
}

/** Returns the metrics file of a shard after a check, which may run beside a backup: it has its own. */
export async function formatCheckMetrics(
  shard: string,
  finishedAt: Date,
  { checks }: CheckFindings,
): Promise<string> {
  const samples = checks.flatMap((check): Sample[] => {
    const value = values[check.status];
    return value === undefined
      ? []
      : [{ name: status, labels: { shard, check: check.name }, value }];
  });
  const at = { name: timestamp, labels: { shard }, value: finishedAt.getTime() / 1000 };
  return formatMetrics(help, [at, ...samples]);
}
