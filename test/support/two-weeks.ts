import { backupName } from '../../src/backup/names.js';
import type { Harness } from './harness.js';

const hour = 3_600_000;
const days = 14;
const gib = 1024 ** 3;

export interface ScheduledBackup {
  name: string;
  required: string;
}

/**
 * Fills the remote storage with two weeks of the shipped schedule (`cronfile`), which end now: a DIFF
 * each hour, and a FULL on Saturday at 20:30 after which there is none until midnight. Each increment
 * sent 100 MiB. Returns the backups, oldest first.
 */
export function addTwoWeeks({ clock, simulator }: Harness): ScheduledBackup[] {
  const startMs = clock.now() - days * 24 * hour;
  const added: ScheduledBackup[] = [];
  for (let half = 0; half <= days * 48; half++) {
    const createdMs = startMs + (half * hour) / 2;
    const date = new Date(createdMs);
    const isSaturday = date.getDay() === 6;
    const isFull = added.length === 0 || (isSaturday && date.getHours() === 20 && half % 2 === 1);
    const isDiff = half % 2 === 0 && !(isSaturday && date.getHours() > 20);
    if (!isFull && !isDiff) continue;
    const name = backupName(isFull ? 'FULL' : 'DIFF', date);
    const required = isFull ? '' : (added.at(-1)?.name ?? '');
    simulator.addBackup('remote', {
      name,
      required,
      createdMs,
      uploadedMs: createdMs,
      sizeBytes: 8 * gib,
      ...(!isFull && { sentBytes: 100 * 1024 ** 2 }),
    });
    added.push({ name, required });
  }
  return added;
}
