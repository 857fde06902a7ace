import { formatMetrics, type Sample } from './metrics-text.js';

/** What `check` found out about a shard. */
export interface CheckEnd {
  /** HOST as in file names. */
  shard: string;
  finishedAt: Date;
  checks: readonly { name: string; status: CheckStatus }[];
}

export type CheckStatus = 'ok' | 'warning' | 'critical';

const timestamp = 'chbackup_check_timestamp_seconds';
const status = 'chbackup_check_status';

const help = {
  [timestamp]: 'When the last check of the shard ended.',
  [status]: 'The result of a check: 0 is ok, 1 a warning, 2 critical.',
};

const values: Record<CheckStatus, number> = { ok: 0, warning: 1, critical: 2 };

export function checkMetricsFile(shard: string): string {
  return `chbackup_check_${shard}.prom`;
}

/** Returns the metrics file of a shard after a check; `check` runs beside the runs, so it has its own. */
export async function formatCheckMetrics({ shard, finishedAt, checks }: CheckEnd): Promise<string> {
  const samples = checks.map((check): Sample => {
    return { name: status, labels: { shard, check: check.name }, value: values[check.status] };
  });
  const at = { name: timestamp, labels: { shard }, value: finishedAt.getTime() / 1000 };
  return formatMetrics(help, [at, ...samples]);
}
