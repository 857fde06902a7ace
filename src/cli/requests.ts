import { isChangedByServer, isDeletableName, isUsableName } from '../backup/names.js';
import type { Selection } from '../backup/deletion/selection.js';
import { isMappable, parseTableName, type TableName } from '../backup/table-name.js';
import type { DeleteRequest } from '../use-cases/delete/delete-backups.js';
import type { RestoreTableRequest } from '../use-cases/restore/restore-plan.js';
import { parseDurationMs } from '../config/duration.js';
import { ConfigError } from '../errors.js';
import type { DeleteOptions, Invocation, RestoreOptions } from './program.js';

/** What the options of `list`, the deletes and the restore mean. Throws `ConfigError`. */

export function readLocation(text: string | undefined): 'all' | 'local' | 'remote' {
  if (text === undefined) return 'all';
  if (text === 'local' || text === 'remote') return text;
  throw new ConfigError('--location is neither local nor remote', {
    hint: 'leave it out for both',
  });
}

export function readDeleteRequest(
  command: 'delete-remote' | 'delete-local',
  options: DeleteOptions,
): DeleteRequest {
  return {
    location: command === 'delete-remote' ? 'remote' : 'local',
    selection: readSelection(options),
    dryRun: options.dryRun === true,
    yes: options.yes === true,
  };
}

function readSelection(options: DeleteOptions): Selection {
  const found: Selection[] = [];
  if (options.all) found.push({ all: true });
  if (options.name !== undefined) found.push({ names: options.name.map(checkNameToDelete) });
  if (options.keep !== undefined) found.push({ keep: readCount(options.keep) });
  if (options.olderThan !== undefined) found.push({ olderThanMs: readAge(options.olderThan) });
  if (options.broken) found.push({ broken: true });
  const [selection, ...more] = found;
  const hint = 'choose one of --all, --name, --keep, --older-than and --broken';
  if (selection === undefined) {
    throw new ConfigError('nothing is selected, so nothing was deleted', { hint });
  }
  if (more.length > 0) throw new ConfigError('more than one selection is given', { hint });
  return selection;
}

function checkName(name: string): string {
  if (isUsableName(name)) return name;
  throw new ConfigError(`${JSON.stringify(name)} cannot be the name of a backup`, {
    hint: 'chbackup list shows the names',
  });
}

/** Any name that `list` shows, if a server can delete it: the plan looks for exactly this name. */
function checkNameToDelete(name: string): string {
  if (isDeletableName(name)) return name;
  if (!isChangedByServer(name)) return checkName(name);
  throw new ConfigError(`clickhouse-backup cannot delete an entry named ${JSON.stringify(name)}`, {
    hint: 'it removes whitespace, slashes and ".." from a name, so another backup might be deleted; delete this entry with the tools of its storage',
  });
}

function readCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new ConfigError(`--keep ${JSON.stringify(text)} is not a number of backups`, {
    hint: 'give a whole number of at least 1; --all deletes every one',
  });
}

function readAge(text: string): number {
  const ms = parseDurationMs(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new ConfigError(`--older-than ${JSON.stringify(text)} is not an age`, {
    hint: 'write for example 30d, 12h or 8w; --all deletes every one',
  });
}

export function readRestoreRequest(
  invocation: Extract<Invocation, { command: 'restore-table' }>,
): RestoreTableRequest {
  const { options } = invocation;
  throwIfContradictory(options);
  const table = readTable(invocation.table, 'the table');
  const into = options.into === undefined ? undefined : readTable(options.into, '--into');
  if (into !== undefined) throwUnlessMappable(table, into);
  return {
    backup: checkName(invocation.backup),
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
    throw new ConfigError('--rm goes with --schema only', {
      hint: 'without --schema nothing is dropped; --schema alone drops the table',
    });
  }
  if (append && (schema || into !== undefined)) {
    throw new ConfigError(
      '--append adds to the table that is there, --schema and --into make one',
      {
        hint: 'choose one of them',
      },
    );
  }
  if (schema && into !== undefined) {
    throw new ConfigError('--into creates its table anyway', { hint: 'leave --schema out' });
  }
}

function readTable(text: string, what: string): TableName {
  const table = parseTableName(text);
  if (!('problem' in table)) return table;
  throw new ConfigError(`${what} ${JSON.stringify(text)} ${table.problem}`, {
    hint: 'write database.table',
  });
}

function throwUnlessMappable(table: TableName, into: TableName): void {
  if (table.database === into.database && table.table === into.table) {
    throw new ConfigError('--into names the table itself', {
      hint: 'leave --into out, or name another table',
    });
  }
  if (isMappable(table) && isMappable(into)) return;
  throw new ConfigError('--into takes only names of letters, digits and underscores', {
    hint: 'the server can map no others; restore into a table of such a name and rename it',
  });
}
