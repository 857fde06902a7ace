import type { Backup } from '../../src/backup/backup.js';

/** Returns a remote backup that is ok; `details` overrides what matters to the test. */
export function remoteRow(name: string, details: Partial<Backup> = {}): Backup {
  return {
    name,
    location: 'remote',
    created: '2026-11-22 10:00:00',
    required: undefined,
    description: 'tar, regular',
    state: 'ok',
    ...details,
  };
}

export function brokenRow(name: string, details: Partial<Backup> = {}): Backup {
  return remoteRow(name, {
    created: '0001-01-01 00:00:00',
    description: "broken (can't stat metadata.json)",
    state: 'broken',
    ...details,
  });
}

/** Returns an entry that is not a backup, such as `README.txt` or `pg_dumps`. */
export function foreignRow(name: string, details: Partial<Backup> = {}): Backup {
  return brokenRow(name, { state: 'foreign', ...details });
}

export function localRow(name: string, details: Partial<Backup> = {}): Backup {
  return remoteRow(name, { location: 'local', description: 'regular', ...details });
}

/** Returns the backups of a chain, each based on the one before it. */
export function chainRows(...names: string[]): Backup[] {
  return names.map((name, at) => remoteRow(name, { required: names[at - 1] }));
}

export const namesOf = (backups: readonly Backup[]) => backups.map((backup) => backup.name);
