import path from 'node:path';
import { backupName } from '../../src/backup/names.js';
import { type Ledger, logDir } from './ledger.js';
import type { SceneHost } from './scene-host.js';
import type { Time } from './time.js';

const hour = 3_600_000;

/** The backups of the hours before, as good runs leave them. */
export function addPrior({ name: host, setup, simulator }: SceneHost, ledger: Ledger, time: Time) {
  const file = (name: string) => path.join(logDir, name);
  const { files } = ledger.folder;
  // Hosts of one path on the storage never share a name.
  const offsetMs = Number(host.slice(1)) * 60_000;
  if (setup.foreign) {
    for (const location of ['local', 'remote'] as const) {
      simulator.addForeign(location, `pg_dumps_of_${host}`);
    }
  }
  let required = '';
  for (const [at, kind] of setup.prior.entries()) {
    const atMs = time.clock.now() - (setup.prior.length - at) * hour + offsetMs;
    const name = backupName(kind, new Date(atMs));
    const base = kind === 'FULL' ? '' : required;
    simulator.addBackup('local', { name, createdMs: atMs });
    simulator.addBackup('remote', { name, createdMs: atMs, uploadedMs: atMs, required: base });
    ledger.maybeDone.add(`create ${name}`).add(`upload ${name}`);
    ledger.uploadsAsked.set(name, base);
    files.set(file('.given_names'), `${files.get(file('.given_names')) ?? ''}${name}\n`);
    files.set(file(`.${host}_last_backup`), name);
    required = name;
  }
}
