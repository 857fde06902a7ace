import type { Backup, Location } from '../../backup/backup.js';
import { findRestorable, indexBackups } from '../../backup/chain.js';
import { createdMsOf, type CreationTimes } from '../../backup/names.js';
import { type PlacedBackup, placeChain } from '../../backup/place-chain.js';
import { chainTree, walkTree } from '../../backup/tree.js';
import type { OperationFailedError } from '../../errors.js';
import { beforeChanges } from '../confirmation.js';
import type { BackupServer } from '../../client/client.js';
import type { CommandContext } from '../context.js';
import { lastBackupNotListed } from '../empty-storage.js';
import { checkServer } from '../prepare-host.js';
import { readRecordedTimes } from '../recorded-times.js';
import type { Completeness } from '../table-reading.js';
import { checkCompleteness } from './check-completeness.js';
import { findNewest } from './newest.js';

export interface ListRequest {
  location: Location | 'all';
  /** Only this many backups of each location, the newest; undefined for all. */
  last: number | undefined;
  /** Read the tables of some backups, to find out whether they are complete; see `checkCompleteness`. */
  deep: boolean;
}

/** The context of `list`; only a server, not the local program, can show the tables of backups. */
export interface ListContext extends CommandContext {
  server: BackupServer | undefined;
}

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
  /** The full backup that its chain begins with, itself for a full one; undefined if unknown. */
  fullBackup: string | undefined;
  /** How many backups a restore needs, this one included; undefined if it cannot be restored. */
  chainLength: number | undefined;
  /** Its own tables are complete; undefined if that was not checked. */
  isComplete: boolean | undefined;
  /** It is one of the newest, which `last` selects. Without `last`, all are selected. */
  isSelected: boolean;
}

/** A backup at its place in its chain; see `PlacedBackup`. */
export interface ListedRow {
  listed: ListedBackup;
  level: number;
  isBranch: boolean;
}

export interface ListedLocation {
  location: Location;
  /** All backups, increments after their bases. */
  backups: ListedBackup[];
  /** The same backups by chain. A local copy needs no other backup: each is a chain of its own. */
  chains: ListedRow[][];
}

export interface Listing {
  locations: ListedLocation[];
  lastBackup: string | undefined;
  /** Why the list may be incomplete; it is shown anyway. */
  doubt: OperationFailedError | undefined;
}

/** Lists the backups of one location or of both. Takes no lock and changes nothing. */
export async function listBackups(request: ListRequest, context: ListContext): Promise<Listing> {
  return beforeChanges('nothing was changed', () => readListing(request, context));
}

async function readListing(
  { location, last: count, deep }: ListRequest,
  context: ListContext,
): Promise<Listing> {
  const { client, files, host, report, server } = context;
  await checkServer(context);
  report.phase('listing backups');
  const last = files.readLastBackup();
  const lastBackup = last.kind === 'named' ? last.name : undefined;
  const rows = await client.list(location);
  const recordedTimes = readRecordedTimes(context);
  const remoteRows = rows.filter((row) => row.location === 'remote');
  const found =
    deep && server !== undefined
      ? await checkCompleteness(remoteRows, recordedTimes, { ...context, server })
      : new Map<string, Completeness>();
  const shown = location === 'all' ? (['remote', 'local'] as const) : [location];
  const locations = shown.map((at) => ({
    location: at,
    ...describe(at === 'remote' ? remoteRows : rows.filter((row) => row.location === at), {
      lastBackup,
      recordedTimes,
      count,
      completeness: at === 'remote' ? found : new Map<string, Completeness>(),
    }),
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

interface Knowledge {
  lastBackup: string | undefined;
  recordedTimes: CreationTimes;
  count: number | undefined;
  completeness: ReadonlyMap<string, Completeness>;
}

function describe(
  rows: Backup[],
  { lastBackup, recordedTimes, count, completeness }: Knowledge,
): Omit<ListedLocation, 'location'> {
  const index = indexBackups(rows);
  const isIncomplete = (name: string) => completeness.get(name)?.kind === 'incomplete';
  const listedAsGood = findRestorable(index);
  const restorableNames = findRestorable(
    new Map([...index].filter(([name]) => !isIncomplete(name))),
  );
  const listed = new Map<Backup, ListedBackup>();
  const trees = chainTree(rows);
  for (const root of trees) {
    for (const { node, depth } of walkTree(root)) {
      const { backup, orphan } = node;
      const local = backup.location === 'local';
      const restorable = backup.state === 'ok' && (local || restorableNames.has(backup.name));
      const fault = listedAsGood.has(backup.name) ? 'incomplete' : 'broken or missing';
      const lost = restorable ? undefined : `one of its bases is ${fault}`;
      const own = completeness.get(backup.name);
      const first = local ? backup : root.backup;
      listed.set(backup, {
        backup,
        createdMs: createdMsOf(backup.name, recordedTimes),
        restorable,
        problem: problemOf(backup, own) ?? (local ? undefined : (orphan ?? lost)),
        isLastBackup: backup.name === lastBackup,
        fullBackup: isFull(first) ? first.name : undefined,
        chainLength: restorable ? (local ? 1 : depth + 1) : undefined,
        isComplete: own === undefined ? undefined : own.kind === 'complete',
        isSelected: true,
      });
    }
  }
  const backups = [...listed.values()];
  if (count !== undefined) {
    const newest = findNewest(backups, count);
    for (const each of backups) each.isSelected = newest.has(each);
  }
  const chains = rows[0]?.location === 'local' ? backups.map(standAlone) : trees.map(placeChain);
  const toRow = ({ backup, ...place }: PlacedBackup): ListedRow[] => {
    const found = listed.get(backup);
    return found === undefined ? [] : [{ listed: found, ...place }];
  };
  return { backups, chains: chains.map((chain) => chain.flatMap(toRow)) };
}

function standAlone({ backup }: ListedBackup): PlacedBackup[] {
  return [{ backup, level: 0, isBranch: false }];
}

/** A broken backup may be an increment: its base is unknown. A local copy is always complete. */
function isFull({ location, required, state }: Backup): boolean {
  return state === 'ok' && (location === 'local' || required === undefined);
}

/** Returns what is wrong with the copy itself, regardless of its bases. */
function problemOf(
  { state, description }: Backup,
  completeness: Completeness | undefined,
): string | undefined {
  if (state === 'ok') {
    return completeness?.kind === 'incomplete' ? `incomplete: ${completeness.reason}` : undefined;
  }
  return state === 'foreign' ? 'not a backup: it has no metadata.json' : description || state;
}
