/** A table, with its names exactly as ClickHouse has them. */
export interface TableName {
  database: string;
  table: string;
}

/** `reason` is a clause about the text. */
export type ParsedTable = { kind: 'table'; name: TableName } | { kind: 'invalid'; reason: string };

/**
 * Reads exactly one `db.table`. Servers take a comma-separated list of `filepath.Match` patterns
 * (clickhouse-backup-api.md#table-patterns), so any character that has a meaning there could restore
 * other tables and is refused. So is a second dot, because it is unclear which name it belongs to; only
 * the inner table of a materialized view has one (`db..inner.view`, `db..inner_id.UUID`).
 */
export function parseTableName(text: string): ParsedTable {
  if (/[*?[\],]/.test(text)) return invalid('must be exactly one table: no * ? [ ] or comma');
  if (/[\\'"`\s]|[\p{Cc}\p{Cf}\p{Cs}\p{Z}]/u.test(text)) {
    return invalid('must not contain quotes, backslashes, spaces or invisible characters');
  }
  const [, innerOf, inner] = /^([^.]+)\.(\.inner(?:_id)?\.[^.]+)$/.exec(text) ?? [];
  if (innerOf !== undefined && inner !== undefined) {
    return valid({ database: innerOf, table: inner });
  }
  const [database = '', table = '', ...more] = text.split('.');
  if (more.length > 0) {
    return invalid('has more than one dot: a name that contains a dot cannot be restored');
  }
  if (database === '' || table === '') return invalid('must be written database.table');
  return valid({ database, table });
}

const valid = (name: TableName): ParsedTable => ({ kind: 'table', name });
const invalid = (reason: string): ParsedTable => ({ kind: 'invalid', reason });

/**
 * True if the table can be on either side of a mapping (`--into`): servers take `a:b` of word
 * characters only, separated by commas (clickhouse-backup-api.md#mappings).
 */
export function isMappable(name: TableName): boolean {
  return /^\w+$/.test(name.database) && /^\w+$/.test(name.table);
}

/**
 * The pattern that finds a table in `tables`. The server turns it into a regular expression and
 * escapes only some characters, so anything but letters, digits, `_`, `.` and `-` becomes `*`;
 * other tables may match too, and the caller compares names.
 */
export function tablePattern({ database, table }: TableName): string {
  return `${database}.${table}`.replaceAll(/[^\w.-]+/g, '*');
}
