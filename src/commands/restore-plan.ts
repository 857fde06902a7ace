import type { TableName } from '../backup/table-name.js';
import { ConfigError, NotFoundError, OperationFailedError } from '../errors.js';
import type { RestoreSource } from './restore-source.js';
import type { Session } from './run.js';

export interface RestoreTableRequest {
  /** A backup's name, or `latest`. */
  backup: string;
  table: TableName;
  into: TableName | undefined;
  schema: boolean;
  append: boolean;
  checkReplicas: boolean;
  yes: boolean;
}

/** What will happen, in order, before anything does. */
export interface RestorePlan {
  backup: string;
  download: boolean;
  /** The table that will hold the rows. */
  target: TableName;
  drop: boolean;
  create: boolean;
  /** Bytes that the target holds now; 0 for an empty or missing one. */
  bytesBefore: number;
}

/** What this version cannot do is said before anything is asked of it. */
export async function checkAbilities(
  { table, into, checkReplicas }: RestoreTableRequest,
  { engine }: Session,
): Promise<void> {
  const renamed = into !== undefined && into.table !== table.table;
  if (!renamed && checkReplicas) return;
  const { version, tableMapping, tableMappingAlone, checkReplicasSwitch } =
    await engine.capabilities();
  if (renamed && !tableMapping) {
    throw new ConfigError(`clickhouse-backup ${version} cannot restore under another table name`, {
      hint: 'give --into the same table name in another database, or update it to 2.6.40 or later',
    });
  }
  if (renamed && into.database === table.database && !tableMappingAlone) {
    throw new ConfigError(
      `clickhouse-backup ${version} cannot restore under another name in the same database`,
      { hint: 'give --into another database, or update it to 2.6.40 or later' },
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
  { table, into, schema, append }: RestoreTableRequest,
  source: RestoreSource,
  { engine, report }: Session,
): Promise<RestorePlan> {
  const target = into ?? table;
  const shown = nameOf(target);
  report.phase(`looking at ${shown}`);
  const found = await engine.table(target);
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
  const bytesBefore = found?.totalBytes ?? 0;
  if (!create && bytesBefore > 0 && !append) {
    throw new OperationFailedError(
      `${shown} holds data already (${bytesBefore} bytes), and its rows would double`,
      {
        hint: '--schema drops it first, --into restores beside it, --append adds the rows all the same',
      },
    );
  }
  const drop = create && found !== undefined;
  return { backup: source.name, download: !source.isLocal, target, drop, create, bytesBefore };
}

/**
 * Looks at the table once more, after the minutes that a person or a download has taken: nothing
 * is dropped, and nothing doubled, that the plan shown did not tell of. Gives back the plan as of now.
 */
export async function lookAgain(
  request: RestoreTableRequest,
  plan: RestorePlan,
  session: Session,
): Promise<RestorePlan> {
  const now = await makePlan(request, { name: plan.backup, isLocal: !plan.download }, session);
  const mayHoldData = request.append || plan.bytesBefore > 0;
  if (now.drop === plan.drop && (mayHoldData || now.bytesBefore === 0)) return now;
  throw new OperationFailedError(
    `${nameOf(plan.target)} has changed since the plan was made; nothing was restored`,
    { hint: 'look at the table, then run the same command again' },
  );
}

export function nameOf({ database, table }: TableName): string {
  return `${database}.${table}`;
}
