import type { TableName } from '../../backup/table-name.js';
import type { Table } from '../../client/client.js';
import { since } from '../../client/versions.js';
import { formatBytes } from '../../text.js';
import { ConfigError, NotFoundError, OperationFailedError } from '../../errors.js';
import type { RestoreSource } from './restore-source.js';
import type { CommandContext } from '../context.js';

export interface RestoreTableRequest {
  /** A backup's name, or `latest`. */
  backup: string;
  table: TableName;
  into: TableName | undefined;
  schema: boolean;
  append: boolean;
  /** Drop the table although no backup contains its rows. */
  dropUnsavedRows: boolean;
  checkReplicas: boolean;
  yes: boolean;
}

/** What will happen, in order, before anything does. */
export interface RestorePlan {
  backup: string;
  download: boolean;
  /** A local folder of the backup's name that cannot be used is overwritten by the download. */
  replacesLeftover: boolean;
  /** The table that will hold the rows. */
  target: TableName;
  drop: boolean;
  create: boolean;
  /** Bytes that the target contains now; 0 for an empty or missing one, and for one without rows of its own. */
  bytesBefore: number;
  /** The target as it is now; undefined: it does not exist. */
  existing: Table | undefined;
}

/** Throws `ConfigError` if this version of clickhouse-backup cannot do what is requested. */
export async function checkCapabilities(
  { table, into, checkReplicas }: RestoreTableRequest,
  { client }: CommandContext,
): Promise<void> {
  const renamed = into !== undefined && into.table !== table.table;
  if (!renamed && checkReplicas) return;
  const { version, tableMapping, tableMappingAlone, checkReplicasSwitch } =
    await client.capabilities();
  if (renamed && !tableMapping) {
    throw new ConfigError(`clickhouse-backup ${version} cannot restore under another table name`, {
      hint: `give --into the same table name in another database, or update it to ${since.tableMappingAlone} or later`,
    });
  }
  if (renamed && into.database === table.database && !tableMappingAlone) {
    throw new ConfigError(
      `clickhouse-backup ${version} cannot restore under another name in the same database`,
      { hint: `give --into another database, or update it to ${since.tableMappingAlone} or later` },
    );
  }
  if (!checkReplicas && !checkReplicasSwitch) {
    throw new ConfigError(
      `the API of clickhouse-backup ${version} cannot switch the check of replicas off for one call`,
      {
        hint: 'set CLICKHOUSE_CHECK_REPLICAS_BEFORE_ATTACH=false in its environment, or use --binary',
      },
    );
  }
}

/** Looks at the table; throws if the restore would not do what was asked for. */
export async function makePlan(
  { table, into, schema, append, dropUnsavedRows }: RestoreTableRequest,
  source: RestoreSource,
  { client, report }: CommandContext,
): Promise<RestorePlan> {
  const target = into ?? table;
  const shown = nameOf(target);
  report.phase(`looking at ${shown}`);
  const found = await client.table(target);
  if (into !== undefined && found !== undefined) {
    throw new OperationFailedError(`${shown} exists already; --into restores only beside it`, {
      hint: 'name a table that does not exist, or drop that one first',
    });
  }
  const create = schema || into !== undefined;
  if (!create && found === undefined) {
    throw new NotFoundError(`there is no table ${shown} to restore the data into`, {
      hint: '--schema creates it from the backup',
    });
  }
  throwIfRowsAreUnsaved(found, shown, { create, dropUnsavedRows });
  const bytesBefore = found?.rows === 'none' ? 0 : (found?.totalBytes ?? 0);
  if (!create && bytesBefore > 0 && !append) {
    throw new OperationFailedError(
      `${shown} already contains data (${formatBytes(bytesBefore)}), and its rows would be duplicated`,
      {
        hint: '--schema drops it first, --into restores beside it, --append adds the rows anyway',
      },
    );
  }
  return {
    backup: source.name,
    download: !source.isLocal,
    replacesLeftover: source.replacesLeftover,
    target,
    drop: create && found !== undefined,
    create,
    bytesBefore,
    existing: found,
  };
}

/** clickhouse-backup saves rows of the MergeTree family only, but drops other tables too. */
function throwIfRowsAreUnsaved(
  found: Table | undefined,
  shown: string,
  { create, dropUnsavedRows }: { create: boolean; dropUnsavedRows: boolean },
): void {
  if (found === undefined || !hasUnsavedRows(found)) return;
  const engine = found.engine === undefined ? 'its engine' : `the engine ${found.engine}`;
  if (create && !dropUnsavedRows) {
    throw new OperationFailedError(
      found.rows === 'unsaved'
        ? `table ${shown} was not dropped, because no backup contains its rows: clickhouse-backup does not save rows of ${engine}`
        : `table ${shown} was not dropped, because it is unknown whether a backup can contain its rows`,
      {
        hint:
          found.rows === 'unsaved'
            ? 'to restore its definition beside it, pass --into; to drop the table with its rows, pass --drop-unsaved-rows'
            : 'clickhouse-backup shows engines only through its API, or if its configuration allows settings from the environment (disable_environment_override); to drop the table anyway, pass --drop-unsaved-rows',
      },
    );
  }
  if (create || found.rows === 'unknown') return;
  throw new OperationFailedError(
    `there are no rows to restore into table ${shown}: clickhouse-backup does not save rows of ${engine}`,
    { hint: 'to restore only its definition, pass --into with a new name' },
  );
}

/**
 * Looks at the table once more, after the minutes that a person or a download has taken: nothing
 * is dropped, and nothing doubled, that the plan shown did not tell of. Gives back the plan as of now.
 */
export async function lookAgain(
  request: RestoreTableRequest,
  plan: RestorePlan,
  context: CommandContext,
): Promise<RestorePlan> {
  const { backup: name, download, replacesLeftover } = plan;
  const now = await makePlan(request, { name, isLocal: !download, replacesLeftover }, context);
  const mayHoldData = request.append || plan.bytesBefore > 0;
  if (now.drop === plan.drop && (mayHoldData || now.bytesBefore === 0)) return now;
  throw new OperationFailedError(
    `${nameOf(plan.target)} has changed since the plan was made; nothing was restored`,
    { hint: 'look at the table, then run the same command again' },
  );
}

/** True if the table may have rows that no backup contains. */
export function hasUnsavedRows({ rows }: Table): boolean {
  return rows === 'unsaved' || rows === 'unknown';
}

/** True if its definition is all that a backup contains of the table. */
export function isDefinitionOnly({ rows }: Table): boolean {
  return rows === 'none' || rows === 'unsaved';
}

export function nameOf({ database, table }: TableName): string {
  return `${database}.${table}`;
}
