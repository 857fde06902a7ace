import type { Backup } from '../../backup/backup.js';
import type { ListedBackup, Listing } from '../../use-cases/list/list-backups.js';
import { listBackups } from '../../use-cases/list/list-backups.js';
import { formatBytes, formatDuration, plural } from '../../text.js';
import type { Execution } from '../execution.js';
import { openContext } from '../open-context.js';
import type { Cell, Part } from '../ui/output.js';
import { layOut } from '../ui/tables.js';

/** Runs `list` and shows each increment under its base. */
export async function executeList(
  location: 'all' | 'local' | 'remote',
  execution: Execution,
): Promise<void> {
  const { settings, output, reporter } = execution;
  const listing = await listBackups(location, await openContext(execution, true));
  reporter.end();
  if (settings.json) {
    output.resultJson(toJson(listing, settings.host.label), 2);
  } else {
    showListing(listing, execution);
  }
  if (listing.doubt !== undefined) throw listing.doubt;
}

function showListing({ locations }: Listing, { output, environment }: Execution): void {
  for (const { location, backups } of locations) {
    output.resultLine([{ text: location, color: 'bold' }, `: ${countOf(backups)}`]);
    const rows = backups.map((listed) => toRow(listed, environment.clock.now()));
    output.resultTable(rows, layOut);
  }
}

function countOf(listed: readonly ListedBackup[]): string {
  const foreign = listed.filter(({ backup }) => backup.state === 'foreign').length;
  const others = foreign === 0 ? '' : `, ${plural(foreign, 'other entry', 'other entries')}`;
  return `${plural(listed.length - foreign, 'backup')}${others}`;
}

function toRow(listed: ListedBackup, nowMs: number): Cell[] {
  const { backup, depth, createdMs } = listed;
  const age = createdMs === undefined ? undefined : `${formatDuration(nowMs - createdMs)} old`;
  return [
    [`  ${'  '.repeat(depth)}${depth > 0 ? '└ ' : ''}${backup.name}`],
    [age ?? createdOf(backup.created)],
    [backup.sizeBytes === undefined ? '?' : formatBytes(backup.sizeBytes)],
    notesOf(listed),
  ];
}

function notesOf({ backup, isLastBackup, problem }: ListedBackup): Cell {
  const notes: Part[] = isLastBackup ? [{ text: 'last backup', color: 'green' }] : [];
  if (isLastBackup && problem !== undefined) notes.push('; ');
  if (problem === undefined) return notes;
  return [...notes, backup.state === 'foreign' ? problem : { text: problem, color: 'red' }];
}

/** As the server wrote it, in a time zone that depends on its version; year 1 means unknown. */
function createdOf(created: string): string {
  return created.startsWith('0001-') ? '?' : created;
}

/** The documented shape of `--json`; see docs/list.md. */
function toJson({ locations, lastBackup }: Listing, host: string): unknown {
  return {
    host,
    lastBackup: lastBackup ?? null,
    backups: locations.flatMap(({ backups }) =>
      backups.map(({ backup, createdMs, restorable, problem, isLastBackup }) => ({
        name: backup.name,
        location: backup.location,
        kind: kindOf(backup),
        base: backup.required ?? null,
        state: backup.state,
        restorable,
        problem: problem ?? null,
        createdAt: createdMs === undefined ? null : new Date(createdMs).toISOString(),
        created: backup.created,
        sizeBytes: backup.sizeBytes ?? null,
        isLastBackup,
      })),
    ),
  };
}

/** The base of a broken backup is unknown. */
function kindOf({ required, state }: Backup): 'full' | 'increment' | null {
  if (required !== undefined) return 'increment';
  return state === 'ok' ? 'full' : null;
}
