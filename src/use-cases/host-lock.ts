import * as z from 'zod/mini';
import { ChargedWait } from '../time/waiting.js';
import { presentable } from '../text.js';
import { BusyError } from '../errors.js';
import type { HeldLock } from '../state/file-lock.js';
import { localTime } from '../time/local-time.js';
import { beforeChanges } from './confirmation.js';
import type { CommandContext } from './context.js';
import type { CommandRun } from '../state/status.js';
import { withRunLog } from './run-log.js';
import { RunStatus } from './run-status.js';

/** The file may contain anything, so it is sanitized. */
const field = z.pipe(z.string(), z.transform(presentable));
const holderSchema = z.object({ command: field, backup: field, since: field });
type Holder = z.infer<typeof holderSchema>;

interface HostLock {
  /** Writes into the lock file which backup the command works on. */
  nameBackup(backup: string): void;
  /** True if another chbackup held the lock first, or wrote files of the shard meanwhile. */
  readonly hadToWait: boolean;
  release(): void;
}

/** A command that holds the host's lock; `nameBackup` also writes the backup to the status file. */
export interface LockedRun extends Pick<HostLock, 'nameBackup' | 'hadToWait'> {
  status: RunStatus;
}

/** What is done under the host's lock. */
interface LockedCommand {
  command: string;
  /** What did not happen if a signal ends the wait for the lock, such as "nothing was deleted". */
  unchanged: string;
  /** Receives how the run ended, right before the lock is released. */
  ended?: ((run: CommandRun) => void) | undefined;
}

/**
 * Does a command's work while no other chbackup works on the host, between the lines `started` and
 * `finished` of the log file. Writes the outcome to the status file. Waits for another chbackup for at
 * most `--wait`; then throws `BusyError` and logs it.
 */
export async function underHostLock<T>(
  context: CommandContext,
  { command, unchanged, ended }: LockedCommand,
  work: (run: LockedRun) => Promise<T>,
): Promise<T> {
  let lock: HostLock;
  try {
    lock = await beforeChanges(unchanged, () => takeHostLock(context, command));
  } catch (error) {
    return withRunLog(context, () => Promise.reject(error));
  }
  const status = new RunStatus(context, command);
  const nameBackup = (backup: string) => {
    lock.nameBackup(backup);
    status.backup = backup;
  };
  const { hadToWait } = lock;
  let failure: unknown;
  try {
    return await withRunLog(context, () => work({ nameBackup, hadToWait, status }));
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    // A command whose log file could not be written fails as well.
    const run = status.recordEnd(failure ?? context.log.failure);
    ended?.(run);
    lock.release();
  }
}

async function takeHostLock(context: CommandContext, command: string): Promise<HostLock> {
  const { clock, files, host, report, signal } = context;
  const wait = new ChargedWait(clock, context.wait);
  for (;;) {
    report.step('lock');
    const { owner } = files;
    const attempt = await files.tryLock();
    if (attempt.kind === 'taken') {
      if (wait.waitedMs > 0) report.free();
      const holder = { command, backup: '', since: localTime(clock.now()) };
      return hostLockOf(attempt.lock, holder, wait.waitedMs > 0 || files.owner !== owner);
    }
    report.step('wait-for-lock');
    const holder = readHolder(attempt.holder);
    if (wait.isOver()) {
      throw new BusyError(`another chbackup is working on ${host}: ${describe(holder)}`, {
        hint: 'run again when it has finished, or wait longer with --wait',
      });
    }
    const words = ['chbackup', holder?.command ?? '', holder?.backup ?? ''];
    report.busy({ command: words.join(' ').trim(), start: holder?.since ?? '' });
    await wait.pause(signal);
    report.stillBusy(wait.waitedMs);
  }
}

function hostLockOf(lock: HeldLock, holder: Holder, hadToWait: boolean): HostLock {
  lock.describe(JSON.stringify(holder));
  return {
    hadToWait,
    nameBackup: (backup) => lock.describe(JSON.stringify({ ...holder, backup })),
    release: () => lock.release(),
  };
}

/** Reads what the holder of a lock has written into its file; undefined if it has not yet. */
export function readHolder(text: string): Holder | undefined {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function describe(holder: Holder | undefined): string {
  if (holder === undefined) return 'it has just started';
  const backup = holder.backup === '' ? '' : ` (${holder.backup})`;
  return `${holder.command}${backup} since ${holder.since}`;
}
