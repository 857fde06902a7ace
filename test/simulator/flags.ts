import type { VersionProfile } from './versions.js';

/** What an operation is asked for, by a query or on a command line. */
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

/** The names that a query may give a flag: 2.4.0 knows only one spelling (contract §2). */
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
  // Presence is true, even `=false` (contract §2 "Booleans").
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

/** The row's command of an HTTP call: the flags in the server's order, then the name (§2). */
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

/** The command line of `POST /backup/actions`, without its command; a wrong flag is an error row. */
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
      // §11: 2.4.0 says this of `--env`.
      return { flags, names, error: `flag provided but not defined: -${flag}` };
    }
  }
  return { flags, names };
}

/** The words of a command line, quotes taken off; nothing if a quote is left open. */
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

/** What the server takes out of names (contract §4). */
export function cleanName(name: string): string {
  return name.replace(/[\t\r\n ]+|\.{2,}|[\\/]+/g, '');
}
