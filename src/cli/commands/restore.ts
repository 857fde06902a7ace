import { isMappable, parseTableName, type TableName } from '../../backup/table-name.js';
import { ConfigError } from '../../errors.js';
import type { RestoreTableRequest } from '../../use-cases/restore/restore-plan.js';
import { checkName } from './arguments.js';
import type { CommandDefinition } from './definition.js';

/** The options as typed. */
interface RestoreOptions {
  schema?: true;
  rm?: true;
  into?: string;
  append?: true;
  dropUnsavedRows?: true;
  checkReplicas: boolean;
  yes?: true;
}

export const restoreTable: CommandDefinition = {
  name: 'restore-table',
  summary: 'restore one table from a backup',
  description: [
    'Restores the rows of one table; downloads the backup first if it is not on the server.',
    'The table must exist and be empty, except with --schema, --into or --append.',
  ].join(' '),
  examples: [
    'chbackup restore-table latest shop.orders clickhouse-backup-api',
    'chbackup restore-table latest shop.orders clickhouse-backup-api --into shop_old.orders',
    'chbackup restore-table FULL_CH_BK_2026-01-03_20-30-00 shop.orders ch1 --schema --yes',
  ],
  arguments: [
    {
      name: '<backup|latest>',
      description: 'name of a backup, as shown by chbackup list, or the last recorded one',
    },
    { name: '<db.table>', description: 'the table to restore' },
  ],
  options: [
    {
      flags: '--schema',
      description: 'drop the table if it exists, create it from the backup, then restore its rows',
    },
    { flags: '--rm', description: 'accepted with --schema; changes nothing' },
    {
      flags: '--drop-unsaved-rows',
      description: 'with --schema: drop the table even if no backup contains its rows',
    },
    {
      flags: '--into <db.table>',
      description: 'restore under this name instead; the table must not exist',
    },
    { flags: '--append', description: 'restore even if the table has rows (may duplicate them)' },
    {
      flags: '--no-check-replicas',
      description: 'restore even if another replica of the table appears to be active',
    },
    { flags: '-y, --yes', description: 'do not ask before dropping the table' },
  ],
  defaultWait: '30m',
  canUseBinary: true,
  async run(typed, execution) {
    const [backup = '', table = ''] = typed.arguments;
    const request = readRequest(backup, table, typed.options as RestoreOptions);
    const { executeRestore } = await import('./restore-view.js');
    return executeRestore(request, execution);
  },
};

function readRequest(
  backup: string,
  tableText: string,
  options: RestoreOptions,
): RestoreTableRequest {
  throwIfContradictory(options);
  const table = readTable(tableText, 'the table argument');
  const into =
    options.into === undefined
      ? undefined
      : readTable(options.into, `--into ${JSON.stringify(options.into)}`);
  if (into !== undefined) throwUnlessMappable(table, into);
  return {
    backup: checkName(backup, 'the backup argument'),
    table,
    into,
    schema: options.schema === true,
    append: options.append === true,
    dropUnsavedRows: options.dropUnsavedRows === true,
    checkReplicas: options.checkReplicas,
    yes: options.yes === true,
  };
}

function throwIfContradictory(options: RestoreOptions): void {
  const { schema, rm, into, append, dropUnsavedRows } = options;
  if (dropUnsavedRows && !schema) {
    throw new ConfigError('--drop-unsaved-rows requires --schema', {
      hint: 'without --schema no table is dropped',
    });
  }
  if (rm && !schema) {
    throw new ConfigError('--rm requires --schema', {
      hint: 'without --schema no table is dropped, and --rm has no effect',
    });
  }
  if (append && (schema || into !== undefined)) {
    throw new ConfigError('--append cannot be combined with --schema or --into', {
      hint: 'choose one of them',
    });
  }
  if (schema && into !== undefined) {
    throw new ConfigError('--schema cannot be combined with --into', {
      hint: 'leave out --schema: --into always creates the table',
    });
  }
}

/** `what` names the text for messages: without repeating an argument, which may be a password. */
function readTable(text: string, what: string): TableName {
  const parsed = parseTableName(text);
  if (parsed.kind === 'table') return parsed.name;
  throw new ConfigError(`${what} ${parsed.reason}`, {
    hint: 'write database.table',
  });
}

function throwUnlessMappable(table: TableName, into: TableName): void {
  if (table.database === into.database && table.table === into.table) {
    throw new ConfigError('--into names the table that is being restored', {
      hint: 'leave out --into, or name another table',
    });
  }
  if (isMappable(table) && isMappable(into)) return;
  throw new ConfigError(
    '--into supports only names that consist of letters, digits and underscores',
    {
      hint: 'the server cannot map other names; restore into a table with such a name and rename it',
    },
  );
}
