import type { BackupKind } from '../backup/backup.js';
import type { CommandRun, RecordedBackup, Status } from '../state/status.js';
import { formatMetrics, parseMetrics, type Sample } from './metrics-text.js';

/** How a run of a command on a shard ended. */
export interface RunEnd {
  command: string;
  /** HOST as in file names. */
  shard: string;
  startedAt: Date;
  finishedAt: Date;
  /** The time between the two, even if the clock was set meanwhile. */
  seconds: number;
  exitCode: number;
}

const lastRun = 'chbackup_last_run_timestamp_seconds';
const exitCode = 'chbackup_last_run_exit_code';
const duration = 'chbackup_last_run_duration_seconds';
const lastSuccess = 'chbackup_last_success_timestamp_seconds';
const firstRun = 'chbackup_first_run_timestamp_seconds';
const dataBytes = 'chbackup_backup_data_bytes';
const chainLength = 'chbackup_chain_length';

const help = {
  [lastRun]: 'When the last run of the command ended.',
  [exitCode]: 'The exit code of the last run of the command.',
  [duration]: 'How long the last run of the command took, waits included.',
  [lastSuccess]: 'When the creation of the last verified backup of the command began.',
  [firstRun]: 'When the first known run of the command began.',
  [dataBytes]: 'The size of all data in the last verified backup of the command.',
  [chainLength]: 'How many backups a restore of the last verified backup of the command needs.',
};

type Series = keyof typeof help;
type Figures = Partial<Record<Series, number>>;

/** The commands whose runs are in the file, each with the kind of its backups. */
const kinds: Readonly<Record<string, BackupKind>> = {
  'create-full': 'FULL',
  'create-diff': 'DIFF',
};

/** The figures of a run, and those of a success: a file has all of one source or all of another. */
const ofRun: readonly Series[] = [lastRun, exitCode, duration];
const ofSuccess: readonly Series[] = [lastSuccess, dataBytes, chainLength];

/** True if the runs of the command are in the metrics files. */
export function isRun(command: string): boolean {
  return command in kinds;
}

export function runMetricsFile(shard: string): string {
  return `chbackup_${shard}.prom`;
}

/**
 * Returns the metrics file of a shard after a run. The status file knows the last success and the last run
 * that had the lock; a run that never got it, or never reached the server, is only in `end` and then in
 * the `previous` file, from where the later files take it over until there is a newer run.
 */
export async function formatRunMetrics(
  end: RunEnd,
  status: Status | undefined,
  previous: string | undefined,
): Promise<string> {
  const { shard } = end;
  const samples = parseMetrics(previous ?? '').filter(({ labels }) => labels['shard'] === shard);
  const all = Object.entries(kinds).flatMap(([command, kind]) => {
    const earlier = figuresIn(samples, command);
    const run = status?.lastRuns[command];
    const success = status?.lastSuccess[kind];
    const own = end.command === command ? figuresOfEnd(end) : undefined;
    const figures: Figures = {
      ...(own ?? newestRun(end, earlier, run)),
      ...(success === undefined ? pick(earlier, ofSuccess) : figuresOfSuccess(success)),
    };
    const first = firstRunOf(command, end, status, earlier);
    if (first !== undefined) figures[firstRun] = first;
    return Object.entries(figures).map(([name, value]): Sample => {
      return { name, labels: { shard, command }, value };
    });
  });
  return formatMetrics(help, all);
}

/** Returns the last run of another command than the one that ended. */
function newestRun(end: RunEnd, earlier: Figures, run: CommandRun | undefined): Figures {
  const recorded = run === undefined ? {} : figuresOfEnd(run);
  const earlierAt = earlier[lastRun] ?? 0;
  // A time in the future is that of a clock that was set back since.
  const isNewer = earlierAt > (recorded[lastRun] ?? 0) && earlierAt <= secondsOf(end.finishedAt);
  return isNewer ? pick(earlier, ofRun) : recorded;
}

function firstRunOf(
  command: string,
  end: RunEnd,
  status: Status | undefined,
  earlier: Figures,
): number | undefined {
  const run = status?.lastRuns[command];
  const isOwn = end.command === command;
  // The status file has this run already, unless it never got the lock.
  const ranBefore = run !== undefined && !(isOwn && run.startedAt >= end.startedAt);
  const known = [
    earlier[firstRun],
    ranBefore ? secondsOf(status?.firstRunAt) : undefined,
    isOwn ? secondsOf(end.startedAt) : undefined,
  ].filter((seconds) => seconds !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function figuresOfEnd(end: Pick<CommandRun, 'finishedAt' | 'exitCode' | 'seconds'>): Figures {
  return {
    [lastRun]: secondsOf(end.finishedAt),
    [exitCode]: end.exitCode,
    [duration]: end.seconds,
  };
}

function figuresOfSuccess(success: RecordedBackup): Figures {
  return {
    [lastSuccess]: secondsOf(success.createdAt),
    ...(success.dataBytes !== undefined && { [dataBytes]: success.dataBytes }),
    ...(success.chainLength !== undefined && { [chainLength]: success.chainLength }),
  };
}

function figuresIn(samples: readonly Sample[], command: string): Figures {
  const own = samples.filter(({ name, labels }) => labels['command'] === command && name in help);
  return Object.fromEntries(own.map(({ name, value }) => [name, value]));
}

function pick(figures: Figures, names: readonly Series[]): Figures {
  return Object.fromEntries(
    Object.entries(figures).filter(([name]) => names.includes(name as Series)),
  );
}

const secondsOf = (date: Date | undefined) => (date?.getTime() ?? 0) / 1000;
