import type { TableName } from '../../backup/table-name.js';

const quoted = '`(?:[^`\\\\]|\\\\.)+`';
const identifier = `(?:${quoted}|[\\w-]+)`;
const target = new RegExp(
  `^(?:CREATE|ATTACH) MATERIALIZED VIEW (?:${quoted}|[^(\`])*? ` +
    `TO (?!INNER UUID )(?:(?<database>${identifier})\\.)?(?<table>${identifier})`,
);

/**
 * Returns the table that a materialized view writes to, from its definition as the server returns it;
 * undefined if the view has an inner table. `TO` comes before the columns and the query.
 */
export function materializedViewTarget(query: string, database: string): TableName | undefined {
  const head = query.split(/ (?:ENGINE\b|AS SELECT\b|AS WITH\b)/, 1)[0] ?? '';
  const found = target.exec(head)?.groups;
  if (found === undefined) return undefined;
  return {
    database: unquote(found['database'] ?? database),
    table: unquote(found['table'] ?? ''),
  };
}

function unquote(name: string): string {
  return name.startsWith('`') ? name.slice(1, -1).replaceAll(/\\(.)/g, '$1') : name;
}
