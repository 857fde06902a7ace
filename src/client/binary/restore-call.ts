import type { RestoreRequest } from '../client.js';

/**
 * The arguments that restore one table. Without `--data` the program drops the table and makes it
 * anew with its data, which is what `schema-and-data` means. `--schema --data` would do so too, but
 * 2.6.30 and later then keep the state of an earlier such restore (`needClean` in their
 * pkg/backup/restore.go), and skip what it copied from object disks. `--rm` is never sent (§7).
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

/** The program reads it from its environment, all versions (contract §7, §11). */
export function restoreEnvironment({ checkReplicas }: RestoreRequest): Record<string, string> {
  return checkReplicas ? {} : { CLICKHOUSE_CHECK_REPLICAS_BEFORE_ATTACH: 'false' };
}
