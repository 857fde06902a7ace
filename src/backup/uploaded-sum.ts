import type { Backup } from './backup.js';

/** How much backups occupy on the remote storage. */
export interface UploadedSum {
  bytes: number;
  /** The size of every backup is known; otherwise, the sum is a lower bound. */
  isComplete: boolean;
}

/** Returns how much the backups occupy together; undefined if the server shows it for none of them. */
export function sumUploaded(backups: readonly Backup[]): UploadedSum | undefined {
  const known = backups.flatMap(({ uploadedBytes }) => uploadedBytes ?? []);
  if (known.length === 0) return undefined;
  const bytes = known.reduce((sum, each) => sum + each, 0);
  return { bytes, isComplete: known.length === backups.length };
}
