import path from 'node:path';
import { backupName } from '../../src/backup/names.js';
import { type ScheduleRecord, logDir } from './schedule-record.js';
import type { ScenarioHost } from './scenario-host.js';
import type { Time } from './time.js';

const hour = 3_600_000;

/** Adds backups of the previous hours, as successful runs leave them. */
export function addEarlierBackups(
  { name: host, setup, simulator }: ScenarioHost,
  schedule: ScheduleRecord,
  time: Time,
) {
  const file = (name: string) => path.join(logDir, name);
  const { files } = schedule.folder;
  // Hosts that share a path on the storage must not share a name.
  const offsetMs = Number(host.slice(1)) * 60_000;
  if (setup.foreign) {
    for (const location of ['local', 'remote'] as const) {
      simulator.addForeign(location, `pg_dumps_of_${host}`);
    }
  }
  let required = '';
  for (const [at, kind] of setup.earlierBackups.entries()) {
    const atMs = time.clock.now() - (setup.earlierBackups.length - at) * hour + offsetMs;
    const name = backupName(kind, new Date(atMs));
    const base = kind === 'FULL' ? '' : required;
    simulator.addBackup('local', { name, createdMs: atMs });
    simulator.addBackup('remote', { name, createdMs: atMs, uploadedMs: atMs, required: base });
    schedule.maybeDone.add(`create ${name}`).add(`upload ${name}`);
    schedule.uploadsRequested.set(name, base);
    // Earlier versions wrote only the name.
    const line = at % 2 === 0 ? name : `${name} ${Math.floor(atMs / 1000)}`;
    files.set(file('.given_names'), `${files.get(file('.given_names')) ?? ''}${line}\n`);
    files.set(file(`.${host}_last_backup`), name);
    schedule.recordedOn({ name: host }).push(name);
    required = name;
  }
}
