import { ConfigError } from '../../errors.js';
import type { CommandDefinition } from './definition.js';

interface ListOptions {
  location?: string;
}

export const list: CommandDefinition = {
  name: 'list',
  summary: 'list backups, each increment under its base',
  description:
    'Lists local and remote backups with their age and size, marks the last backup, and shows which backups cannot be restored, and why.',
  examples: [
    'chbackup list clickhouse-backup-api',
    'chbackup list clickhouse-backup-api --location remote --json',
    'chbackup list --binary',
  ],
  options: [
    { flags: '--location <local|remote>', description: 'list only this location (default: both)' },
  ],
  defaultWait: '30m',
  canUseBinary: true,
  async run({ options }, execution) {
    const location = readLocation(options);
    const { executeList } = await import('./list-view.js');
    return executeList(location, execution);
  },
};

function readLocation({ location }: ListOptions): 'all' | 'local' | 'remote' {
  if (location === undefined) return 'all';
  if (location === 'local' || location === 'remote') return location;
  throw new ConfigError('--location is neither local nor remote', {
    hint: 'leave it out for both',
  });
}
