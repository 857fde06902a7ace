import type { VersionProfile } from './versions.js';

/** The options of an operation, from a query or a command line. */
export interface Flags {
  tables: string;
  diffFrom: string;
  diffFromRemote: string;
  databaseMapping: string;
  tableMapping: string;
  schema: boolean;
  data: boolean;
  rm: boolean;
  deleteSource: boolean;
  force: boolean;
  checkReplicas: boolean;
}

const noFlags: Flags = {
  tables: '',
  diffFrom: '',
  diffFromRemote: '',
  databaseMapping: '',
  tableMapping: '',
  schema: false,
  data: false,
  rm: false,
  deleteSource: false,
  force: false,
  checkReplicas: true,
};

/** Returns the spellings of a flag in a query: 2.4.0 knows only one. */
function queryNames(flag: string, profile: VersionProfile): string[] {
  if (flag === 'tables') return ['table'];
  const underscored = flag.replaceAll('-', '_');
  if (profile.dashOrUnderscore) return [flag, underscored];
  return flag.startsWith('restore-') || flag.startsWith('ignore-') ? [underscored] : [flag];
}

function values(query: URLSearchParams, flag: string, profile: VersionProfile): string[] {
  return queryNames(flag, profile).flatMap((name) => query.getAll(name));
}

export function flagsFromQuery(query: URLSearchParams, profile: VersionProfile): Flags {
  const text = (flag: string) => values(query, flag, profile)[0] ?? '';
  // A flag that is present is true, even as `=false` (clickhouse-backup-api.md#flags).
  const isGiven = (flag: string) => values(query, flag, profile).length > 0;
  return {
    ...noFlags,
    tables: text('tables'),
    diffFrom: text('diff-from'),
    diffFromRemote: text('diff-from-remote'),
    databaseMapping: text('restore-database-mapping'),
    tableMapping: profile.tableMapping ? text('restore-table-mapping') : '',
    schema: isGiven('schema'),
    data: isGiven('data'),
    rm: isGiven('rm') || isGiven('drop'),
    deleteSource: isGiven('deleteSource'),
    force: ['1', 'true'].includes(text('force')),
  };
}

/**
 * Returns the row's command of an HTTP call: flags in the server's order, then the name
 * (clickhouse-backup-api.md#row-commands).
 */
export function rowCommand(
  operation: 'create' | 'upload' | 'download' | 'restore',
  query: URLSearchParams,
  name: string,
  profile: VersionProfile,
): string {
  const words: string[] = [operation];
  for (const spec of profile.commandFlags[operation]) {
    const flag = spec.replace(/^~|=$|\*$|\[\]$/g, '');
    const given = values(query, flag, profile);
    if (given.length === 0) continue;
    if (spec.endsWith('=')) {
      if (given.some((value) => value !== '')) words.push(`--${flag}="${given.join(',')}"`);
    } else if (spec.endsWith('*')) {
      words.push(...given.map((value) => `--${flag}="${value}"`));
    } else if (spec.endsWith('[]')) {
      words.push(`--${flag}="[${given.join(' ')}]"`);
    } else if (!spec.startsWith('~') || /^(1|t|true)$/i.test(given[0] ?? '')) {
      words.push(`--${flag}`);
    }
  }
  if (name !== '') words.push(name);
  return words.join(' ');
}

const textFlags: Record<string, keyof Flags> = {
  t: 'tables',
  table: 'tables',
  tables: 'tables',
  'diff-from': 'diffFrom',
  'diff-from-remote': 'diffFromRemote',
  m: 'databaseMapping',
  'restore-database-mapping': 'databaseMapping',
  tm: 'tableMapping',
  'restore-table-mapping': 'tableMapping',
};

const booleanFlags: Record<string, keyof Flags | undefined> = {
  s: 'schema',
  schema: 'schema',
  d: 'data',
  data: 'data',
  rm: 'rm',
  drop: 'rm',
  'delete-source': 'deleteSource',
  force: 'force',
  resume: undefined,
  resumable: undefined,
  rbac: undefined,
  configs: undefined,
  'ignore-dependencies': undefined,
};

/** Parses the arguments of a command in `POST /backup/actions`; a wrong flag gives an error row. */
export function flagsFromArguments(
  words: readonly string[],
  profile: VersionProfile,
): { flags: Flags; names: string[]; error?: string } {
  const flags: Flags = { ...noFlags };
  const names: string[] = [];
  const pending = [...words];
  for (let word = pending.shift(); word !== undefined; word = pending.shift()) {
    const match = /^--?([^=]+)(?:=(.*))?$/s.exec(word);
    if (!match) {
      names.push(word);
      continue;
    }
    const [, flag = '', value] = match;
    const textFlag = textFlags[flag];
    if (textFlag !== undefined) {
      Object.assign(flags, { [textFlag]: value ?? pending.shift() ?? '' });
    } else if (flag in booleanFlags) {
      const booleanFlag = booleanFlags[flag];
      if (booleanFlag !== undefined) Object.assign(flags, { [booleanFlag]: value !== 'false' });
    } else if (flag === 'env' && profile.envFlag) {
      const setting = value ?? pending.shift() ?? '';
      if (setting === 'CLICKHOUSE_CHECK_REPLICAS_BEFORE_ATTACH=false') flags.checkReplicas = false;
    } else {
      // clickhouse-backup-api.md#replica-check: the answer of 2.4.0 to `--env`.
      return { flags, names, error: `flag provided but not defined: -${flag}` };
    }
  }
  return { flags, names };
}

/** Returns the words of a command line without quotes; undefined if a quote is not closed. */
export function shellWords(line: string): string[] | undefined {
  const words: string[] = [];
  const pattern = /\s*((?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'])+)/gy;
  let at = 0;
  for (let match = pattern.exec(line); match; match = pattern.exec(line)) {
    words.push((match[1] ?? '').replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g, '$1$2'));
    at = pattern.lastIndex;
  }
  return line.slice(at).trim() === '' ? words : undefined;
}

/**
 * Removes the characters that the server removes from names
 * (clickhouse-backup-api.md#changed-names).
 */
export function cleanName(name: string): string {
  return name.replace(/[\t\r\n ]+|\.{2,}|[\\/]+/g, '');
}
