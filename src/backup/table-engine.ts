/**
 * What becomes of a table's rows in a backup: clickhouse-backup saves them (`saved`), the table has
 * rows that it does not save (`unsaved`), or the table has no rows of its own (`none`): its
 * definition is all there is to restore.
 */
export type RowsInBackup = 'saved' | 'unsaved' | 'none';

const mergeTrees = [
  ...['', 'Replacing', 'Summing', 'Aggregating', 'Collapsing', 'VersionedCollapsing'],
  ...['Graphite', 'Coalescing'],
].flatMap((kind) => ['', 'Replicated', 'Shared'].map((prefix) => `${prefix}${kind}MergeTree`));

/** Engines whose parts clickhouse-backup freezes, see `AddTableToLocalBackup` in its pkg/backup/create.go. */
export const savedEngines: readonly string[] = [
  ...mergeTrees,
  'MaterializedMySQL',
  'MaterializedPostgreSQL',
];

/**
 * Engines that only read or pass on rows stored elsewhere; dropping such a table drops no row.
 * A materialized view is one of them: its rows are in its inner table or in its `TO` table.
 */
export const enginesWithoutRows: readonly string[] = [
  // Queries and other tables.
  ...['View', 'LiveView', 'MaterializedView', 'Alias', 'Distributed', 'Merge', 'Null', 'Loop'],
  ...['Dictionary', 'GenerateRandom', 'Executable', 'ExecutablePool'],
  // Queues and streams.
  ...['Kafka', 'RabbitMQ', 'NATS', 'FileLog', 'S3Queue', 'AzureQueue'],
  // Other databases.
  ...['MySQL', 'PostgreSQL', 'MongoDB', 'Redis', 'SQLite', 'ODBC', 'JDBC', 'ExternalDistributed'],
  ...['YTsaurus', 'ArrowFlight'],
  // Files and lakes outside the server; the engine File keeps its rows on the server's own disk.
  ...['URL', 'S3', 'GCS', 'OSS', 'COSN', 'HDFS', 'Hive', 'AzureBlobStorage'],
  ...['Iceberg', 'IcebergS3', 'IcebergAzure', 'IcebergHDFS', 'Hudi'],
  ...['DeltaLake', 'DeltaLakeS3', 'DeltaLakeAzure', 'PaimonS3', 'PaimonAzure', 'PaimonHDFS'],
];

/**
 * Engines known to have rows that no backup contains. A Buffer has rows in memory, a TimeSeries or
 * WindowView in inner tables that are not restored with it.
 */
export const unsavedEngines: readonly string[] = [
  ...['Log', 'TinyLog', 'StripeLog', 'Memory', 'Set', 'Join', 'File', 'Buffer'],
  ...['EmbeddedRocksDB', 'KeeperMap', 'TimeSeries', 'WindowView'],
];

/**
 * What a backup contains of a table with this engine. An engine that is in none of the lists counts
 * as `unsaved`, because a table must not be dropped on a guess.
 */
export function rowsInBackup(engine: string): RowsInBackup {
  if (engine.endsWith('MergeTree') || savedEngines.includes(engine)) return 'saved';
  return enginesWithoutRows.includes(engine) ? 'none' : 'unsaved';
}
