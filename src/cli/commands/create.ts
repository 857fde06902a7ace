import type { BackupKind } from '../../backup/backup.js';
import type { Execution } from '../execution.js';
import type { CommandDefinition } from './definition.js';

const shared = (kind: BackupKind) => ({
  canUseBinary: false,
  run: async (_typed: unknown, execution: Execution) => {
    const { executeCreate } = await import('./create-view.js');
    return executeCreate(kind, execution);
  },
});

export const createFull: CommandDefinition = {
  name: 'create-full',
  agentName: 'create_full_backup',
  summary: 'make, upload and prove a full backup',
  description:
    'Makes a full backup, uploads it, proves that it is on the remote storage and records it.',
  examples: [
    'chbackup create-full clickhouse-backup-api',
    'chbackup create-full https://ch1.example.org:7171 --ca-file /etc/ssl/own-ca.pem',
    '30 20 * * 6  chbackup create-full clickhouse-backup-api    # in a crontab',
  ],
  // A slow DIFF must not cost the week's FULL.
  defaultWait: '6h',
  ...shared('FULL'),
};

export const createDiff: CommandDefinition = {
  name: 'create-diff',
  agentName: 'create_diff_backup',
  summary: 'the same for an increment on the last proven backup',
  description:
    'Makes a backup and uploads what changed since the last proven backup of any kind; proves and records it.',
  examples: [
    'chbackup create-diff clickhouse-backup-api',
    'chbackup create-diff clickhouse-backup-api --without-base fail',
    '0 * * * 0-5  chbackup create-diff clickhouse-backup-api    # in a crontab',
  ],
  options: [
    {
      flags: '--without-base <full|fail>',
      description: 'without a usable base: upload in full, or fail (default: full)',
    },
  ],
  defaultWait: '30m',
  ...shared('DIFF'),
};
