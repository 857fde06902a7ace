/** A table of the simulated ClickHouse. */
export interface SimulatedTable {
  engine: string;
  rows: number;
  /** The size that the server shows; ClickHouse 18.16 knows it only for MergeTree engines. */
  totalBytes: number;
  /**
   * Increases when the table is dropped and recreated with parts of the same names
   * (clickhouse-backup-api.md#remote-bases).
   */
  generation: number;
  /** The table that a materialized view writes to; by default its inner table. */
  to?: string;
  /** `skip_tables` excludes it from backups and restores. */
  skip?: boolean;
}

export const bytesPerRow = 80;

/** Returns a new table; `rows` determines its bytes. */
export function table(engine = 'MergeTree', rows = 1000, generation = 0): SimulatedTable {
  const totalBytes = isSaved(engine) ? rows * bytesPerRow : 0;
  return { engine, rows, totalBytes, generation };
}

/** True if backups contain the rows of a table with this engine, and not only its definition. */
export function isSaved(engine: string): boolean {
  return engine.endsWith('MergeTree');
}

/** Returns the number of parts that a backup has of so many rows. */
export function partsOf(rows: number): number {
  return Math.ceil(rows / 25_000);
}

/** `shop.mv` → `shop..inner.mv`. */
export function innerTableOf(view: string): string {
  return view.replace('.', '..inner.');
}

/** Returns the inner tables of the materialized views; servers list and restore them too. */
export function innerTablesOf(
  names: readonly string[],
  find: (name: string) => Pick<SimulatedTable, 'engine' | 'to'> | undefined,
): string[] {
  return names
    .filter((name) => find(name)?.engine === 'MaterializedView' && find(name)?.to === undefined)
    .map(innerTableOf)
    .filter((inner) => find(inner) !== undefined && !names.includes(inner));
}

/** Returns the tables of the recordings. */
export function recordedTables(): Map<string, SimulatedTable> {
  return new Map([
    ['shop.customers', table('MergeTree', 1021)],
    ['shop.orders', table('MergeTree', 104_489)],
  ]);
}

/**
 * Matches like Go's filepath.Match with a list of patterns: `*` matches the dot
 * (clickhouse-backup-api.md#table-patterns).
 */
export function matchesPattern(pattern: string, name: string): boolean {
  return pattern.split(',').some((one) => {
    const source = one
      .trim()
      .replace(/[.+^${}()|\\]/g, '\\$&')
      .replace(/\*/g, '[^/]*')
      .replace(/\?/g, '[^/]');
    return new RegExp(`^${source}$`).test(name);
  });
}

/** Returns the database and the table of `db.table`. */
export function splitName(name: string): [database: string, table: string] {
  const dot = name.indexOf('.');
  return [name.slice(0, dot), name.slice(dot + 1)];
}

/** Formats a line of `GET /backup/tables` (exchange "tables"). */
export function tableLine(name: string, shown: SimulatedTable): string {
  const [database, tableName] = splitName(name);
  const path = shown.engine === 'View' ? '' : `/var/lib/clickhouse/data/${database}/${tableName}/`;
  return JSON.stringify({
    Database: database,
    Name: tableName,
    Engine: shown.engine,
    DataPath: path,
    DataPaths: path === '' ? null : [path],
    UUID: '',
    CreateTableQuery: definition(name, shown),
    TotalBytes: shown.totalBytes,
    Skip: shown.skip === true,
    BackupType: 'full',
  });
}

/** Returns the definition as ClickHouse 18.16 shows it (recordings of tables). */
function definition(name: string, { engine, to }: SimulatedTable): string {
  const columns = '( d Date,  id UInt64)';
  const select = 'AS SELECT d, id FROM shop.orders ';
  if (engine === 'View') return `CREATE VIEW ${name} ${columns} ${select}`;
  if (engine === 'MaterializedView') {
    return to === undefined
      ? `CREATE MATERIALIZED VIEW ${name} ${columns} ENGINE = MergeTree(d, id, 8192) ${select}`
      : `CREATE MATERIALIZED VIEW ${name} TO ${to} ${columns} ${select}`;
  }
  const parameters = isSaved(engine) ? '(d, id, 8192)' : '';
  return `CREATE TABLE ${name} ${columns} ENGINE = ${engine}${parameters}`;
}
