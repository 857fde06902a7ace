import type { Backup, Location } from '../../backup/backup.js';
import { findRestorable, indexBackups } from '../../backup/chain.js';
import { createdMsOf, type CreationTimes } from '../../backup/names.js';
import { chainTree, type TreeNode } from '../../backup/tree.js';
import type { OperationFailedError } from '../../errors.js';
import type { CommandContext } from '../context.js';
import { lastBackupNotListed } from '../empty-storage.js';

/** A copy of a backup, as `list` shows it. */
export interface ListedBackup {
  backup: Backup;
  /** When it was created, ms since 1970 (see `createdMsOf`); undefined for a name that chbackup did not create. */
  createdMs: number | undefined;
  /** The copy and all its bases are complete and `ok`. */
  restorable: boolean;
  /** Why it cannot be restored, or is not under its base, as a clause; undefined if all is well. */
  problem: string | undefined;
  /** It is the last recorded backup of this host. */
  isLastBackup: boolean;
  /** Its distance from its full backup. */
  depth: number;
}

export interface Listing {
  /** The backups of each location, increments after their bases. */
  locations: { location: Location; backups: ListedBackup[] }[];
  lastBackup: string | undefined;
  /** Why the list may be incomplete; it is shown anyway. */
  doubt: OperationFailedError | undefined;
}

/** Lists the backups of one location or of both. Takes no lock and changes nothing. */
export async function listBackups(
  location: Location | 'all',
  { client, files, host, logDirectory, report }: CommandContext,
): Promise<Listing> {
  report.phase('listing backups');
  await client.checkUsable();
  const last = files.readLastBackup();
  const lastBackup = last.kind === 'named' ? last.name : undefined;
  const rows = await client.list(location);
  const recordedTimes = logDirectory.readCreationTimes();
  const shown = location === 'all' ? (['remote', 'local'] as const) : [location];
  const locations = shown.map((at) => ({
    location: at,
    backups: describe(
      rows.filter((row) => row.location === at),
      lastBackup,
      recordedTimes,
    ),
  }));
  const remote = locations.find((at) => at.location === 'remote')?.backups;
  if (lastBackup === undefined || remote === undefined || remote.some((row) => row.isLastBackup)) {
    return { locations, lastBackup, doubt: undefined };
  }
  if (remote.length === 0) {
    const doubt = lastBackupNotListed(host, lastBackup, files.lastBackupFile);
    return { locations, lastBackup, doubt };
  }
  report.warn(
    `the last backup ${lastBackup} is not on the remote storage, so the next create-diff cannot use it as its base`,
  );
  return { locations, lastBackup, doubt: undefined };
}

function describe(
  rows: Backup[],
  lastBackup: string | undefined,
  recordedTimes: CreationTimes,
): ListedBackup[] {
  const restorableNames = findRestorable(indexBackups(rows));
  const listed: ListedBackup[] = [];
  const walk = (node: TreeNode, depth: number) => {
    const { backup, orphan } = node;
    const local = backup.location === 'local';
    const restorable = backup.state === 'ok' && (local || restorableNames.has(backup.name));
    const lost = restorable ? undefined : 'one of its bases is broken or missing';
    listed.push({
      backup,
      createdMs: createdMsOf(backup.name, recordedTimes),
      restorable,
      problem: problemOf(backup) ?? (local ? undefined : (orphan ?? lost)),
      isLastBackup: backup.name === lastBackup,
      depth,
    });
    for (const increment of node.increments) walk(increment, depth + 1);
  };
  for (const root of chainTree(rows)) walk(root, 0);
  return listed;
}

/** Returns what is wrong with the copy itself, regardless of its bases. */
function problemOf({ state, description }: Backup): string | undefined {
  if (state === 'ok') return undefined;
  return state === 'foreign' ? 'not a backup: it has no metadata.json' : description || state;
}
