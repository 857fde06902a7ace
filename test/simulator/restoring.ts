import { bytesPerRow, innerTablesOf, isSaved, matchesPattern } from './clickhouse-tables.js';
import { type Plan, fails } from './creating.js';
import type { Flags } from './flags.js';
import type { SimulatedServer } from './server.js';

/**
 * Parses a mapping of the form `a:b,c:d`; undefined if it is invalid
 * (clickhouse-backup-api.md#mappings).
 */
export function parseMapping(text: string): Map<string, string> | undefined {
  const mapping = new Map<string, string>();
  for (const item of text === '' ? [] : text.split(',')) {
    const match = /^(\w+):(\w+)$/.exec(item);
    if (!match) return undefined;
    mapping.set(match[1] ?? '', match[2] ?? '');
  }
  return mapping;
}

/** Returns the table that a table of the backup is restored to. */
function target(name: string, flags: Flags): string {
  const [database = '', table = ''] = name.split(/\.(.*)/s);
  const mappedDatabase = parseMapping(flags.databaseMapping)?.get(database) ?? database;
  const mappedTable = parseMapping(flags.tableMapping)?.get(table) ?? table;
  return `${mappedDatabase}.${mappedTable}`;
}

/** Drops the databases that the pattern matches, for `schema` with `rm` (restore.go). */
function dropDatabases(server: SimulatedServer, pattern: string): void {
  for (const name of [...server.tables.keys()]) {
    const database = name.slice(0, name.indexOf('.'));
    const passes = pattern.split(',').some((one) => one.trim() === `${database}.*`);
    if (pattern === '' || passes || matchesPattern(pattern, `${database}.`)) {
      server.tables.delete(name);
    }
  }
}

/**
 * Attaches a backup's rows to a table; attaching them again duplicates them
 * (clickhouse-backup-api.md#duplicate-rows).
 */
function attach(server: SimulatedServer, name: string, rows: number, flags: Flags) {
  const table = server.tables.get(name);
  if (!table) {
    return `${name} is not created. Restore schema first or create missing tables manually`;
  }
  const busy = server.busyReplicas.get(name);
  const isReplicated = table.engine.startsWith('Replicated');
  if (busy !== undefined && isReplicated && flags.checkReplicas) {
    if (server.profile.replicatedAttachWhenBusy === 'skipped') return undefined;
    if (busy === 'replicating') {
      return `${name} can't restore cause system.replicas entries already exists and replication in progress from another replica`;
    }
  }
  if (!isSaved(table.engine)) return undefined;
  table.rows += rows;
  table.totalBytes += rows * bytesPerRow;
  return undefined;
}

/**
 * Plans `POST /backup/restore`; without `data` it drops and recreates the tables
 * (clickhouse-backup-api.md#dropped-tables).
 */
export function planRestore(server: SimulatedServer, name: string, flags: Flags): Plan {
  const { texts, rmWithDataDrops } = server.profile;
  const failure = server.faults.takeFailure('restore');
  const isDataOnly = flags.data && !flags.schema;
  const backup = server.local.get(name);
  if (!backup || backup.broken !== undefined || backup.oldFormat) {
    return fails(texts.restoreMissing(name, flags.data));
  }
  const named = [...backup.tables.keys()].filter(
    (table) =>
      !server.tables.get(table)?.skip &&
      (flags.tables === '' || matchesPattern(flags.tables, table)),
  );
  const inner = innerTablesOf(named, (table) => backup.definitions?.get(table));
  const matching = [...inner, ...named].map((table) => {
    return [table, backup.tables.get(table) ?? 0] as const;
  });
  if (matching.length === 0) return fails(texts.noTablesMatch(flags.tables, name));
  return {
    ms: server.workMs.restore,
    run() {
      if (failure && !failure.madeAnyway) return failure.text;
      if (flags.schema && flags.rm) dropDatabases(server, flags.tables);
      const recreates = !isDataOnly || (flags.rm && rmWithDataDrops);
      for (const [table] of recreates ? matching : []) {
        const dropped = server.tables.get(target(table, flags));
        const { engine = 'MergeTree', to } =
          backup.definitions?.get(table) ?? dropped ?? server.tables.get(table) ?? {};
        const generation = (dropped?.generation ?? 0) + 1;
        const made = { engine, rows: 0, totalBytes: 0, generation };
        server.tables.set(target(table, flags), { ...made, ...(to !== undefined && { to }) });
      }
      const losesData = flags.tableMapping !== '' && flags.databaseMapping === '';
      if (losesData && !server.profile.tableMappingAlone) {
        const [table] = matching[0] ?? [''];
        return `'${table}' is not created. Restore schema first or create missing tables manually`;
      }
      for (const [table, rows] of flags.schema && !flags.data ? [] : matching) {
        const error = attach(server, target(table, flags), rows, flags);
        if (error !== undefined) return error;
      }
      return failure?.text;
    },
  };
}
