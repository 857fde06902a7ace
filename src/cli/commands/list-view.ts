import { Chalk } from 'chalk';
import type { Backup } from '../../backup/backup.js';
import type { ListedBackup, Listing } from '../../use-cases/list/list-backups.js';
import { listBackups } from '../../use-cases/list/list-backups.js';
import { presentable } from '../../text.js';
import { colorLevel } from '../ui/colors.js';
import type { Execution } from '../execution.js';
import { openContext } from '../open-context.js';
import { formatAge, formatBytes, formatTable } from '../ui/tables.js';

/** Runs `list` and shows what it found, increments under the backup that they need. */
export async function executeList(
  location: 'all' | 'local' | 'remote',
  execution: Execution,
): Promise<void> {
  const { settings, output, reporter } = execution;
  const listing = await listBackups(location, await openContext(execution, true));
  reporter.end();
  if (settings.json) {
    output.result(`${JSON.stringify(toJson(listing, settings.host.label), undefined, 2)}\n`);
  } else {
    showListing(listing, execution);
  }
  if (listing.doubt !== undefined) throw listing.doubt;
}

function showListing({ locations }: Listing, { settings, output, environment }: Execution): void {
  const level = colorLevel({
    noColor: settings.noColor,
    env: environment.env,
    isTerminal: output.stdoutIsTerminal,
  });
  const paint = new Chalk({ level });
  for (const { location: at, backups } of locations) {
    output.result(`${paint.bold(at)}: ${countOf(backups)}\n`);
    output.result(
      formatTable(backups.map((listed) => toRow(listed, environment.clock.now(), paint))),
    );
  }
}

function countOf(listed: readonly ListedBackup[]): string {
  const foreign = listed.filter(({ backup }) => backup.state === 'foreign').length;
  const backups = listed.length - foreign;
  const others = foreign === 0 ? '' : `, ${foreign} other ${foreign === 1 ? 'entry' : 'entries'}`;
  return `${backups} backup${backups === 1 ? '' : 's'}${others}`;
}

function toRow(listed: ListedBackup, nowMs: number, paint: InstanceType<typeof Chalk>): string[] {
  const { backup, depth, isLastBackup, createdMs, problem } = listed;
  const { state } = backup;
  const notes = [
    ...(isLastBackup ? [paint.green('last backup')] : []),
    ...(problem === undefined ? [] : [state === 'foreign' ? problem : paint.red(problem)]),
  ];
  return [
    `  ${'  '.repeat(depth)}${depth > 0 ? '└ ' : ''}${presentable(backup.name)}`,
    createdMs === undefined ? createdOf(backup.created) : `${formatAge(nowMs - createdMs)} old`,
    backup.sizeBytes === undefined ? '?' : formatBytes(backup.sizeBytes),
    notes.join('; '),
  ];
}

/** As the server wrote it, in a zone that depends on its version; year 1 where it knows nothing. */
function createdOf(created: string): string {
  return created.startsWith('0001-') ? '?' : presentable(created);
}

/** The documented shape of `--json`; see README. */
function toJson({ locations, lastBackup }: Listing, host: string): unknown {
  return {
    host,
    lastBackup: lastBackup ?? null,
    backups: locations.flatMap(({ backups }) =>
      backups.map(({ backup, createdMs, restorable, problem, isLastBackup }) => ({
        name: backup.name,
        location: backup.location,
        kind: kindOf(backup),
        base: backup.required === '' ? null : backup.required,
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

/** What a broken row stands on, nobody knows. */
function kindOf({ required, state }: Backup): 'full' | 'increment' | null {
  if (required !== '') return 'increment';
  return state === 'ok' ? 'full' : null;
}
