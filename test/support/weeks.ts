import type { Location, SimulatedBackup } from '../simulator/storage.js';
import type { Harness } from './harness.js';

// Two chains, and a backup with a name chbackup did not create. The tests start on 2026-11-22.
export const full1 = 'FULL_CH_BK_2026-11-01_20-30-00';
export const diff2 = 'DIFF_CH_BK_2026-11-02_20-30-00';
export const diff3 = 'DIFF_CH_BK_2026-11-03_20-30-00';
export const full5 = 'FULL_CH_BK_2026-11-05_20-30-00';
export const diff6 = 'DIFF_CH_BK_2026-11-06_20-30-00';
export const own = 'before-the-migration';

/** The backups in the order of the server's list. */
export const weeks: { name: string; required: string }[] = [
  { name: full1, required: '' },
  { name: diff2, required: full1 },
  { name: diff3, required: diff2 },
  { name: own, required: '' },
  { name: full5, required: '' },
  { name: diff6, required: full5 },
];

const startMs = Date.parse('2026-11-01T20:30:00');

export function addWeeks(harness: Harness, location: Location = 'remote'): void {
  for (const [at, { name, required }] of weeks.entries()) {
    const createdMs = startMs + at * 86_400_000;
    harness.simulator.addBackup(location, {
      name,
      required: location === 'remote' ? required : '',
      createdMs,
      ...(location === 'remote' && { uploadedMs: createdMs }),
    });
  }
}

/** Returns `created` as a server in UTC shows it. */
export function createdOf(name: string): string {
  const at = weeks.findIndex((each) => each.name === name);
  return new Date(startMs + at * 86_400_000).toISOString().slice(0, 19).replace('T', ' ');
}

export const namesAt = (harness: Harness, location: Location): string[] => [
  ...harness.simulator[location].keys(),
];

/** Returns the increments whose base is missing. */
export function orphans(backups: Map<string, SimulatedBackup>): string[] {
  return [...backups.values()]
    .filter(({ required }) => required !== '' && !backups.has(required))
    .map(({ name }) => name);
}

/** Returns the names in the delete requests, in order. */
export const deletesAsked = (harness: Harness): string[] =>
  harness
    .requests(/^POST \/backup\/delete\//)
    .map((line) => decodeURIComponent(line.replace(/^.*\//, '')));
