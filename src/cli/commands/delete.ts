import { isChangedByServer, isDeletableName } from '../../backup/names.js';
import type { Location } from '../../backup/backup.js';
import type { Selection } from '../../backup/deletion/selection.js';
import { ConfigError } from '../../errors.js';
import type { DeleteRequest } from '../../use-cases/delete/delete-backups.js';
import { checkName, readAge, readCount } from './arguments.js';
import type { CommandDefinition } from './definition.js';

/** The options as typed. */
interface DeleteOptions {
  all?: true;
  name?: string[];
  keep?: string;
  olderThan?: string;
  broken?: true;
  dryRun?: true;
  yes?: true;
}

const deletion = (location: Location): CommandDefinition => ({
  name: `delete-${location}`,
  summary: `delete ${location} backups without breaking a chain`,
  description: [
    `Shows which ${location} backups it will delete, asks, and deletes them one by one, increments before their bases.`,
    'Select them with --all, --name, --keep, --older-than or --broken.',
    'The bases of backups that are kept are kept too.',
    'The plan counts the kept backups by reason; --verbose lists them.',
  ].join(' '),
  examples: [
    `chbackup delete-${location} clickhouse-backup-api --keep 48 --dry-run`,
    `chbackup delete-${location} clickhouse-backup-api --older-than 30d --yes`,
    `chbackup delete-${location} clickhouse-backup-api --name FULL_CH_BK_2026-01-03_20-30-00`,
  ],
  options: [
    { flags: '--all', description: `all ${location} backups` },
    { flags: '--name <name>', description: 'this backup (repeatable)', repeatable: true },
    { flags: '--keep <n>', description: 'keep the n newest and their bases; delete the others' },
    { flags: '--older-than <time>', description: 'backups older than this (for example 30d)' },
    {
      flags: '--broken',
      description: 'backups that are broken, and still broken two minutes later',
    },
    { flags: '-n, --dry-run', description: 'show the plan and delete nothing' },
    { flags: '-y, --yes', description: 'do not ask for confirmation' },
  ],
  defaultWait: '30m',
  canUseBinary: true,
  canUseCluster: true,
  async run({ options }, execution) {
    const request = await readRequest(location, options);
    const { executeDelete } = await import('./delete-view.js');
    return executeDelete(request, execution);
  },
});

export const deleteRemote = deletion('remote');
export const deleteLocal = deletion('local');

async function readRequest(location: Location, options: DeleteOptions): Promise<DeleteRequest> {
  return {
    location,
    selection: await readSelection(options),
    dryRun: options.dryRun === true,
    yes: options.yes === true,
  };
}

async function readSelection(options: DeleteOptions): Promise<Selection> {
  const found: Selection[] = [];
  if (options.all) found.push({ kind: 'all' });
  if (options.name !== undefined) {
    found.push({ kind: 'names', names: options.name.map(checkNameToDelete) });
  }
  if (options.keep !== undefined) {
    found.push({ kind: 'keep', count: readCount('--keep', options.keep) });
  }
  if (options.olderThan !== undefined) {
    found.push({ kind: 'older-than', ms: await readAge('--older-than', options.olderThan) });
  }
  if (options.broken) found.push({ kind: 'broken' });
  const [selection, ...more] = found;
  const hint = 'choose one of --all, --name, --keep, --older-than and --broken';
  if (selection === undefined) {
    throw new ConfigError('no selection option given; nothing was deleted', { hint });
  }
  if (more.length > 0) throw new ConfigError('more than one selection option given', { hint });
  return selection;
}

/** Accepts any name that `list` shows, if a server can delete it. */
function checkNameToDelete(name: string): string {
  if (isDeletableName(name)) return name;
  if (!isChangedByServer(name)) return checkName(name);
  throw new ConfigError(`clickhouse-backup cannot delete an entry named ${JSON.stringify(name)}`, {
    hint: 'it removes whitespace, slashes and ".." from a name, so another backup might be deleted; delete this entry with the tools of its storage',
  });
}
