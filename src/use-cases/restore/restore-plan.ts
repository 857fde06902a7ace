import type { TableName } from '../../backup/table-name.js';
import type { Table } from '../../client/client.js';
import { since } from '../../client/versions.js';
import { formatBytes } from '../../text.js';
import { ConfigError, NotFoundError, OperationFailedError } from '../../errors.js';
import type { RestoreSource } from './restore-source.js';
import type { CommandContext } from '../context.js';

export interface RestoreTableRequest {
  /** The name of a backup, or `latest`. */
  backup: string;
  table: TableName;
  into: TableName | undefined;
  schema: boolean;
  append: boolean;
  /** Drop the table even if no backup contains its rows. */
  dropUnsavedRows: boolean;
  checkReplicas: boolean;
  yes: boolean;
}

/** What a restore will do, in this order. */
export interface RestorePlan {
  backup: string;
  download: boolean;
  /** The download overwrites a local folder of this name that cannot be used. */
  replacesLeftover: boolean;
  /** The table that will hold the rows. */
  target: TableName;
  drop: boolean;
  create: boolean;
  /** Bytes of data in the target now; 0 if it is empty or missing, or has no rows of its own. */
  bytesBefore: number;
  /** The target as it is now; undefined if it does not exist. */
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
      hint: `pass --into with the same table name in another database, or update clickhouse-backup to ${into.database === table.database ? since.tableMappingAlone : since.tableMapping} or later`,
    });
  }
  if (renamed && into.database === table.database && !tableMappingAlone) {
    throw new ConfigError(
      `clickhouse-backup ${version} cannot restore under another name in the same database`,
      {
        hint: `pass --into with another database, or update clickhouse-backup to ${since.tableMappingAlone} or later`,
      },
    );
  }
  if (!checkReplicas && !checkReplicasSwitch) {
    throw new ConfigError(
      `the API of clickhouse-backup ${version} does not support --no-check-replicas`,
      {
        hint: 'use --binary, or set CLICKHOUSE_CHECK_REPLICAS_BEFORE_ATTACH=false in the environment of clickhouse-backup and restart it',
      },
    );
  }
}

/** Reads the table and plans the restore; throws if the restore would not do what is requested. */
export async function makePlan(
  { table, into, schema, append, dropUnsavedRows }: RestoreTableRequest,
  source: RestoreSource,
  { client, report }: CommandContext,
): Promise<RestorePlan> {
  const target = into ?? table;
  const shown = nameOf(target);
  report.phase(`reading table ${shown}`);
  const found = await client.table(target);
  if (into !== undefined && found !== undefined) {
    throw new OperationFailedError(`table ${shown} already exists; --into requires a new table`, {
      hint: 'pass another name, or drop that table first',
    });
  }
  const create = schema || into !== undefined;
  if (!create && found === undefined) {
    throw new NotFoundError(`table ${shown} does not exist`, {
      hint: 'to create it from the backup, pass --schema',
    });
  }
  throwIfRowsAreUnsaved(found, shown, { create, dropUnsavedRows });
  const bytesBefore = found?.rows === 'none' ? 0 : (found?.totalBytes ?? 0);
  if (!create && bytesBefore > 0 && !append) {
    throw new OperationFailedError(
      `table ${shown} already contains data (${formatBytes(bytesBefore)}), and its rows would be duplicated`,
      {
        hint: 'to restore into a new table, pass --into; to add the rows anyway, --append; to drop the table with its rows first, --schema',
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
            ? 'to restore its definition as a new table, pass --into; to drop the table with its rows, pass --drop-unsaved-rows'
            : 'clickhouse-backup shows engines only through its API, or if its configuration allows settings from the environment (disable_environment_override); to drop the table anyway, pass --drop-unsaved-rows',
      },
    );
  }
  if (create || found.rows === 'unknown') return;
  throw new OperationFailedError(
    `no backup contains rows of table ${shown}: clickhouse-backup does not save rows of ${engine}`,
    { hint: 'to restore only its definition, pass --into with a new table name' },
  );
}

/**
 * Plans again, because the question or the download may have taken minutes, and returns the new plan.
 * Throws if it would drop a table or duplicate rows and the plan that was shown does not say so.
 */
export async function planAgain(
  request: RestoreTableRequest,
  plan: RestorePlan,
  context: CommandContext,
): Promise<RestorePlan> {
  const { backup: name, download, replacesLeftover } = plan;
  const now = await makePlan(request, { name, isLocal: !download, replacesLeftover }, context);
  const mayHoldData = request.append || plan.bytesBefore > 0;
  if (now.drop === plan.drop && (mayHoldData || now.bytesBefore === 0)) return now;
  throw new OperationFailedError(
    `table ${nameOf(plan.target)} has changed since the plan was shown; nothing was restored`,
    { hint: 'check the table, then run the same command again' },
  );
}

/** True if the table may have rows that no backup contains. */
export function hasUnsavedRows({ rows }: Table): boolean {
  return rows === 'unsaved' || rows === 'unknown';
}

/** True if a backup contains only the definition of the table. */
export function isDefinitionOnly({ rows }: Table): boolean {
  return rows === 'none' || rows === 'unsaved';
}

export function nameOf({ database, table }: TableName): string {
  return `${database}.${table}`;
}
