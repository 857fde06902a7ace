import { ConfigError } from '../../errors.js';
import { readCount } from './arguments.js';
import type { CommandDefinition } from './definition.js';

interface ListOptions {
  location?: string;
  last?: string;
  deep?: boolean;
}

export const list: CommandDefinition = {
  name: 'list',
  summary: 'list backups, each increment under its base',
  description: [
    'Lists remote and local backups with their age, the size of their data and how they were uploaded.',
    'Marks the last backup, and shows which backups cannot be restored, and why.',
    'In a chain, each increment is based on the backup above it; a branch is indented under its base.',
  ].join(' '),
  examples: [
    'chbackup list clickhouse-backup-api',
    'chbackup list clickhouse-backup-api --last 10',
    'chbackup list clickhouse-backup-api --location remote --json',
    'chbackup list clickhouse-backup-api --deep',
    'chbackup list --binary',
  ],
  options: [
    { flags: '--location <local|remote>', description: 'list only this location (default: both)' },
    { flags: '--last <n>', description: 'list only the n newest backups of each location' },
    {
      flags: '--deep',
      description:
        'also read the tables of the newest backup, of its full backup and of backups that were uploaded again, and show which are incomplete (requires clickhouse-backup 2.7.0 or later)',
    },
  ],
  defaultWait: '30m',
  canUseBinary: true,
  canUseCluster: true,
  async run(typed, execution) {
    const options: ListOptions = typed.options;
    const { last, deep = false } = options;
    const request = {
      location: readLocation(options),
      last: last === undefined ? undefined : readCount('--last', last),
      deep,
    };
    if (deep && execution.settings.binaryPath !== undefined) {
      throw new ConfigError('--deep and --binary cannot be used together', {
        hint: 'only the API of clickhouse-backup shows which backups are incomplete',
      });
    }
    if (deep && request.location === 'local') {
      throw new ConfigError('--deep and --location local cannot be used together', {
        hint: '--deep reads the tables of remote backups only',
      });
    }
    const { executeList } = await import('./list-view.js');
    return executeList(request, execution);
  },
};

function readLocation({ location }: ListOptions): 'all' | 'local' | 'remote' {
  if (location === undefined) return 'all';
  if (location === 'local' || location === 'remote') return location;
  throw new ConfigError('--location is neither local nor remote', {
    hint: 'leave it out for both',
  });
}
