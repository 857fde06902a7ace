/** A row of `GET /backup/list`, read on our own: what the program makes of it is what is tested. */
export interface Row {
  name: string;
  location: 'local' | 'remote';
  required: string;
  sound: boolean;
  broken: boolean;
  /** No backup: neither metadata nor a name that chbackup gives. */
  foreign: boolean;
}

const noMetadata = ["broken (can't stat metadata.json)", 'broken metadata.json not found'];

export function readRows(body: string): Row[] {
  return body
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, string>)
    .map(({ name = '', location = '', required = '', desc = '' }) => {
      const bad = desc.startsWith('broken') || desc.startsWith('parse metadata');
      const sound = !bad && desc !== 'old-format';
      const foreign = ageOf(name) === undefined && [...noMetadata, 'old-format'].includes(desc);
      const broken = bad && !foreign;
      return { name, location: location as Row['location'], required, sound, broken, foreign };
    });
}

/** The names from a backup down to its full; undefined if one is missing, broken or met again. */
export function wholeChain(
  find: (name: string) => { required: string; sound: boolean } | undefined,
  name: string,
): string[] | undefined {
  const chain: string[] = [];
  for (let at = name; at !== '';) {
    const copy = find(at);
    if (copy === undefined || !copy.sound || chain.includes(at)) return undefined;
    chain.push(at);
    at = copy.required;
  }
  return chain;
}

/** Does this list prove the backup, uploaded on that base (empty: in full)? */
export function proves(
  find: (name: string) => { required: string; sound: boolean } | undefined,
  name: string,
  askedBase: string,
): boolean {
  const required = find(name)?.required;
  if (required !== '' && required !== askedBase) return false;
  return wholeChain(find, name) !== undefined;
}

export function findRemote(rows: readonly Row[]) {
  const byName = new Map(
    rows.filter(({ location }) => location === 'remote').map((row) => [row.name, row]),
  );
  return (name: string) => byName.get(name);
}

const nameForm = /^(?:FULL|DIFF)_CH_BK_(\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d)(?:_(\d+))?$/;

/** Something that orders the names of our form by age, or undefined for other names. */
export function ageOf(name: string): string | undefined {
  const parts = nameForm.exec(name);
  return parts === null ? undefined : `${parts[1]}_${(parts[2] ?? '1').padStart(6, '0')}`;
}
