/** A table, its names exactly as ClickHouse has them. */
export interface TableName {
  database: string;
  table: string;
}

/**
 * Reads exactly one `db.table`. Servers take a comma list of `filepath.Match` patterns, trimmed,
 * matched against `db.table` (contract §7): whatever means more, or less, than itself there would
 * restore another table than the one meant, so it is refused, as is a second dot, since nobody can
 * tell which name it belongs to; only the inner table of a materialized view has one in its name
 * (`db..inner.view`, `db..inner_id.UUID`). `problem` is a clause about the text.
 */
export function parseTableName(text: string): TableName | { problem: string } {
  if (/[*?[\],]/.test(text)) {
    return { problem: 'must be exactly one table: no * ? [ ] or comma' };
  }
  if (/[\\'"`\s]|[\p{Cc}\p{Cf}\p{Cs}\p{Z}]/u.test(text)) {
    return { problem: 'must not hold quotes, backslashes, spaces or invisible characters' };
  }
  const [, innerOf, inner] = /^([^.]+)\.(\.inner(?:_id)?\.[^.]+)$/.exec(text) ?? [];
  if (innerOf !== undefined && inner !== undefined) return { database: innerOf, table: inner };
  const [database = '', table = '', ...more] = text.split('.');
  if (more.length > 0) {
    return {
      problem: 'has more than one dot: names that hold a dot themselves cannot be asked for',
    };
  }
  if (database === '' || table === '') return { problem: 'must be written database.table' };
  return { database, table };
}

/**
 * May this table stand on either side of a mapping (`--into`)? Servers take `a:b` between word
 * characters only, split at commas (contract §7).
 */
export function isMappable(name: TableName): boolean {
  return /^\w+$/.test(name.database) && /^\w+$/.test(name.table);
}
