/** A table of the pretend ClickHouse. */
export interface SimulatedTable {
  engine: string;
  rows: number;
  totalBytes: number;
  /** Grows when the table is dropped and made anew: its parts then have the old names again (§5). */
  generation: number;
}

export const bytesPerRow = 80;

/** A table's initial state; `rows` decides the bytes. */
export function table(engine = 'MergeTree', rows = 1000, generation = 0): SimulatedTable {
  return { engine, rows, totalBytes: rows * bytesPerRow, generation };
}

/** The tables of the recordings. */
export function recordedTables(): Map<string, SimulatedTable> {
  return new Map([
    ['shop.customers', table('MergeTree', 1021)],
    ['shop.orders', table('MergeTree', 104_489)],
  ]);
}

/** Go's filepath.Match over `db.table`, in a comma list: `*` crosses the dot (contract §7). */
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

/** A line of `GET /backup/tables` (exchange "tables"). */
export function tableLine(name: string, shown: SimulatedTable): string {
  const dot = name.indexOf('.');
  const database = name.slice(0, dot);
  const tableName = name.slice(dot + 1);
  const path = `/var/lib/clickhouse/data/${database}/${tableName}/`;
  return JSON.stringify({
    Database: database,
    Name: tableName,
    Engine: shown.engine,
    DataPath: path,
    DataPaths: [path],
    UUID: '',
    CreateTableQuery: `CREATE TABLE ${name} ( d Date,  id UInt64) ENGINE = ${shown.engine}(d, id, 8192)`,
    TotalBytes: shown.totalBytes,
    Skip: false,
    BackupType: 'full',
  });
}
