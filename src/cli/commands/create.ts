import type { BackupKind } from '../../backup/backup.js';
import { defaults } from '../../config/names.js';
import type { Execution } from '../execution.js';
import { readAge } from './arguments.js';
import type { CommandDefinition, Typed } from './definition.js';

/** The option that has no variable, as typed. */
interface CreateOptions {
  ifOlderThan?: string;
}

const ifOlderThan = (backup: string, example: string) => ({
  flags: '--if-older-than <time>',
  description: `do nothing if the last ${backup} is not older than this (for example ${example})`,
});

const shared = (kind: BackupKind) => ({
  canUseBinary: false,
  canUseCluster: true,
  monitoring: 'run' as const,
  run: async ({ options }: Typed, execution: Execution) => {
    const { ifOlderThan: age }: CreateOptions = options;
    const ifOlderThanMs = age === undefined ? undefined : await readAge('--if-older-than', age);
    const { executeCreate } = await import('./create-view.js');
    return executeCreate({ kind, ifOlderThanMs }, execution);
  },
});

export const metricsOption = {
  flags: '--metrics-dir <dir>',
  description:
    'write the results to a file in this directory, for the textfile collector of node_exporter',
};

const parallelOption = {
  flags: '--parallel <n>',
  description: 'how many shards of a cluster may upload at the same time (default: all)',
};

export const createFull: CommandDefinition = {
  name: 'create-full',
  agentName: 'create_full_backup',
  summary: 'create, upload and verify a full backup',
  description:
    'Creates a full backup, uploads it and verifies that it is on the remote storage. The next incremental backup is based on it.',
  examples: [
    'chbackup create-full clickhouse-backup-api',
    'chbackup create-full https://ch1.example.org:7171 --ca-file /etc/ssl/own-ca.pem',
    "chbackup create-full 'ch-{1..3}{a|b}' --parallel 2",
    '30 20 * * 6  chbackup create-full clickhouse-backup-api    # in a crontab',
    '30 23 * * 6  chbackup create-full clickhouse-backup-api --if-older-than 20h',
  ],
  options: [ifOlderThan('full backup', '20h'), parallelOption, metricsOption],
  // A slow DIFF must not prevent the weekly FULL.
  defaultWait: '6h',
  ...shared('FULL'),
};

export const createDiff: CommandDefinition = {
  name: 'create-diff',
  agentName: 'create_diff_backup',
  summary: 'create, upload and verify an incremental backup',
  description:
    'Creates a backup, uploads only the changes since the last verified backup (full or incremental; see --base), and verifies that the backup is on the remote storage.',
  examples: [
    'chbackup create-diff clickhouse-backup-api',
    'chbackup create-diff clickhouse-backup-api --without-base fail',
    'chbackup create-diff clickhouse-backup-api --max-chain 48',
    '0 * * * 0-5  chbackup create-diff clickhouse-backup-api    # in a crontab',
    '30 * * * 0-5  chbackup create-diff clickhouse-backup-api --if-older-than 50m',
  ],
  options: [
    {
      flags: '--without-base <full|fail>',
      description: `if there is no usable base: upload a full backup, or fail (default: ${defaults.withoutBase})`,
    },
    {
      flags: '--base <last|full>',
      description: `base the backup on the last backup, or on the full backup of the current chain (default: ${defaults.base})`,
    },
    {
      flags: '--max-chain <n>',
      description: 'upload in full once the chain has n increments (default: no limit)',
    },
    {
      flags: '--find-base',
      description:
        'without a last-backup file, use the newest complete backup on the remote storage (requires clickhouse-backup 2.7.0 or later)',
    },
    ifOlderThan('backup', '50m'),
    parallelOption,
    metricsOption,
  ],
  defaultWait: '30m',
  ...shared('DIFF'),
};
