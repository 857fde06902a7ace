import { backupName } from '../../src/backup/names.js';
import type { Simulator } from '../simulator/simulator.js';

/** Adds so many hourly backups to the remote storage, one full per week; returns the newest one. */
export function fillRemote(simulator: Simulator, count: number, nowMs: number): string {
  let base = '';
  for (let at = 0; at < count; at++) {
    const createdMs = nowMs - (count - at) * 3_600_000;
    const full = at % 166 === 0;
    const name = backupName(full ? 'FULL' : 'DIFF', new Date(createdMs));
    simulator.addBackup('remote', {
      name,
      createdMs: createdMs,
      uploadedMs: createdMs,
      required: full ? '' : base,
    });
    base = name;
  }
  return base;
}
