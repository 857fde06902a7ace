import { formatCheckMetrics } from '../../src/notify/check-metrics.js';
import { parseMetrics, type Sample } from '../../src/notify/metrics-text.js';
import { formatRunMetrics } from '../../src/notify/run-metrics.js';

const at = new Date('2026-11-22T10:00:00.000Z');
const shard = 'ch-1a';
const command = 'create-full';

/** What a run and a check write that have all figures. */
const samples: readonly Sample[] = [
  await formatRunMetrics(
    { command, shard, startedAt: at, finishedAt: at, seconds: 1, exitCode: 0 },
    {
      firstRunAt: at,
      lastRuns: {},
      lastSuccess: {
        FULL: {
          ...{ backup: 'FULL_CH_BK_2026-11-22_10-00-00', base: undefined, replica: undefined },
          ...{ createdAt: at, recordedAt: at, dataBytes: 1, chainLength: 1, fullBackup: undefined },
          ...{ createSeconds: 1, uploadSeconds: 1, notReplicated: [] },
        },
      },
    },
    undefined,
  ),
  await formatCheckMetrics(shard, at, {
    checks: [{ name: 'server', status: 'ok', text: 'it answers' }],
    exitCode: 0,
  }),
].flatMap(parseMetrics);

/** The series that chbackup writes, each with its labels. */
export const metricLabels: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  samples.map(({ name, labels }) => [name, Object.keys(labels)]),
);
