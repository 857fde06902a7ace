import type { Backup } from '../../backup/backup.js';
import { StateError } from '../../errors.js';
import type { CreateContext } from '../context.js';
import { findSharedPath } from '../shared-path.js';

/**
 * Warns if another shard has the same path on the remote storage. If the log directory cannot be read, the
 * run continues: it needs only its own files.
 */
export function warnOfSharedPath(run: CreateContext, listed: readonly Backup[]): void {
  const { logDirectory, report } = run;
  try {
    const remote = listed.filter(({ location }) => location === 'remote');
    const names = new Set(remote.map(({ name }) => name));
    const shared = findSharedPath(run, names, logDirectory.earlier());
    if (shared !== undefined) report.warn(`${shared.reason}; ${shared.hint}`);
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    report.note(`could not check whether another shard has the same path: ${error.message}`);
  }
}
