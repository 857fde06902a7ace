/** An entry of `GET /backup/list`, parsed independently of the program, whose parser is tested. */
export interface ListEntry {
  name: string;
  location: 'local' | 'remote';
  required: string;
  ok: boolean;
  broken: boolean;
  /** Not a backup: it has no metadata, and no name that chbackup would create. */
  foreign: boolean;
}

const noMetadata = ["broken (can't stat metadata.json)", 'broken metadata.json not found'];

export function readListEntries(body: string): ListEntry[] {
  return body
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, string>)
    .map(({ name = '', location = '', required = '', desc = '' }) => {
      const bad = desc.startsWith('broken') || desc.startsWith('parse metadata');
      const ok = !bad && desc !== 'old-format';
      const foreign = ageOf(name) === undefined && [...noMetadata, 'old-format'].includes(desc);
      const broken = bad && !foreign;
      return { name, location: location as ListEntry['location'], required, ok, broken, foreign };
    });
}

/** Returns the names from a backup to its full; undefined if one is missing, broken or repeated. */
export function completeChain(
  find: (name: string) => { required: string; ok: boolean } | undefined,
  name: string,
): string[] | undefined {
  const chain: string[] = [];
  for (let at = name; at !== '';) {
    const copy = find(at);
    if (copy === undefined || !copy.ok || chain.includes(at)) return undefined;
    chain.push(at);
    at = copy.required;
  }
  return chain;
}

/** True if the list verifies the backup, uploaded with the requested base (empty: in full). */
export function verifies(
  find: (name: string) => { required: string; ok: boolean } | undefined,
  name: string,
  requestedBase: string,
): boolean {
  const required = find(name)?.required;
  if (required !== '' && required !== requestedBase) return false;
  return completeChain(find, name) !== undefined;
}

export function findRemote(entries: readonly ListEntry[]) {
  const byName = new Map(
    entries.filter(({ location }) => location === 'remote').map((entry) => [entry.name, entry]),
  );
  return (name: string) => byName.get(name);
}

const nameForm = /^(?:FULL|DIFF)_CH_BK_(\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d)(?:_(\d+))?$/;

/** Returns a sort key for the age of a chbackup name, or undefined for other names. */
export function ageOf(name: string): string | undefined {
  const parts = nameForm.exec(name);
  return parts === null ? undefined : `${parts[1]}_${(parts[2] ?? '1').padStart(6, '0')}`;
}
