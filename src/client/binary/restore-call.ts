import type { RestoreRequest } from '../client.js';

/**
 * Returns the arguments that restore one table. Without `--data`, the program drops the table and creates
 * it again with its data (clickhouse-backup-api.md#dropped-tables). `--schema --data` would do the same,
 * but since 2.6.30 skips what an earlier such restore has copied from object disks
 * (clickhouse-backup-api.md#restore-states). `--rm`, which drops databases, is never passed.
 */
export function restoreArguments({ backup, table, into, what }: RestoreRequest): string[] {
  const args = ['restore', ...(what === 'data' ? ['--data'] : [])];
  args.push(`--tables=${table.database}.${table.table}`);
  if (into !== undefined && into.database !== table.database) {
    args.push(`--restore-database-mapping=${table.database}:${into.database}`);
  }
  if (into !== undefined && into.table !== table.table) {
    args.push(`--restore-table-mapping=${table.table}:${into.table}`);
  }
  return [...args, '--', backup];
}

/** Returns the variables for a restore (clickhouse-backup-api.md#replica-check). */
export function restoreEnvironment({ checkReplicas }: RestoreRequest): Record<string, string> {
  return checkReplicas ? {} : { CLICKHOUSE_CHECK_REPLICAS_BEFORE_ATTACH: 'false' };
}
