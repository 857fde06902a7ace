import type { Backup, Location } from '../../backup/backup.js';
import { findWhole, indexBackups } from '../../backup/chain.js';
import { parseBackupName } from '../../backup/names.js';
import { chainTree, type TreeNode } from '../../backup/tree.js';
import type { OperationFailedError } from '../../errors.js';
import type { CommandContext } from '../context.js';
import { lastBackupNotListed } from '../empty-storage.js';

/** A copy of a backup as `list` tells of it. */
export interface ListedBackup {
  backup: Backup;
  /** From its name, ms since 1970; undefined for people's own names. */
  createdMs: number | undefined;
  /** The copy and every backup that it requires are there and sound. */
  restorable: boolean;
  /** A clause: why it cannot be restored, or stands apart; undefined if nothing is wrong. */
  problem: string | undefined;
  /** The last-backup file of this host names it. */
  isLastBackup: boolean;
  /** How deep it stands under its full. */
  depth: number;
}

export interface Listing {
  /** Each location's backups, increments after and under their base. */
  locations: { location: Location; backups: ListedBackup[] }[];
  lastBackup: string | undefined;
  /** Why this cannot be all there is; to be shown all the same, for what it tells. */
  doubt: OperationFailedError | undefined;
}

/** What there is at one location, or at both. Takes no lock and changes nothing. */
export async function listBackups(
  location: Location | 'all',
  { client, files, host, report }: CommandContext,
): Promise<Listing> {
  report.phase('listing backups');
  await client.checkUsable();
  const last = files.readLastBackup();
  const lastBackup = last.kind === 'named' ? last.name : undefined;
  const rows = await client.list(location);
  const shown = location === 'all' ? (['remote', 'local'] as const) : [location];
  const locations = shown.map((at) => ({
    location: at,
    backups: describe(
      rows.filter((row) => row.location === at),
      lastBackup,
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
    `the last backup ${lastBackup} is not on the remote storage: the next create-diff cannot build on it`,
  );
  return { locations, lastBackup, doubt: undefined };
}

function describe(rows: Backup[], lastBackup: string | undefined): ListedBackup[] {
  const whole = findWhole(indexBackups(rows));
  const listed: ListedBackup[] = [];
  const walk = (node: TreeNode, depth: number) => {
    const { backup, orphan } = node;
    const local = backup.location === 'local';
    const restorable = backup.state === 'ok' && (local || whole.has(backup.name));
    const lost = restorable ? undefined : 'a backup under it is broken or missing';
    listed.push({
      backup,
      createdMs: parseBackupName(backup.name)?.atMs,
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

/** What is wrong with the copy itself, apart from what it requires. */
function problemOf({ state, description }: Backup): string | undefined {
  if (state === 'ok') return undefined;
  return state === 'foreign' ? 'not a backup: it has no metadata.json' : description || state;
}
