import * as z from 'zod/mini';
import { ChargedWait } from '../time/waiting.js';
import { presentable } from '../text.js';
import { BusyError } from '../errors.js';
import type { HeldLock } from '../state/file-lock.js';
import { localTime } from '../time/local-time.js';
import type { CommandContext } from './context.js';
import { withRunLog } from './run-log.js';

/** Somebody may have written anything there. */
const field = z.pipe(z.string(), z.transform(presentable));
const holderSchema = z.object({ command: field, backup: field, since: field });
type Holder = z.infer<typeof holderSchema>;

export interface HostLock {
  /** Tells whoever meets the lock which backup is being worked on. */
  nameBackup(backup: string): void;
  release(): void;
}

/**
 * Does a command's work as the only chbackup on its host, between the log file's `started` and
 * `finished`. Waits for another one within `--wait`; then throws `BusyError`, and logs that.
 */
export async function underHostLock<T>(
  context: CommandContext,
  command: string,
  work: (lock: HostLock) => Promise<T>,
): Promise<T> {
  let lock: HostLock;
  try {
    lock = await takeHostLock(context, command);
  } catch (error) {
    return withRunLog(context, () => Promise.reject(error));
  }
  try {
    return await withRunLog(context, () => work(lock));
  } finally {
    lock.release();
  }
}

async function takeHostLock(context: CommandContext, command: string): Promise<HostLock> {
  const { clock, files, host, report, signal } = context;
  const wait = new ChargedWait(clock, context.wait);
  for (;;) {
    report.step('lock');
    const lock = files.tryLock();
    if ('release' in lock) {
      if (wait.waitedMs > 0) report.free();
      return describeHolder(lock, { command, backup: '', since: localTime(clock.now()) });
    }
    report.step('wait-for-turn');
    const holder = readHolder(lock.heldBy);
    if (wait.isOver()) {
      throw new BusyError(`another chbackup works on ${host}: ${describe(holder)}`, {
        hint: 'run again when it is done, or wait longer with --wait',
      });
    }
    const words = ['chbackup', holder?.command ?? '', holder?.backup ?? ''];
    report.busy({ command: words.join(' ').trim(), start: holder?.since ?? '' });
    await wait.pause(signal);
    report.stillBusy(wait.waitedMs);
  }
}

function describeHolder(lock: HeldLock, holder: Holder): HostLock {
  lock.describe(JSON.stringify(holder));
  return {
    nameBackup: (backup) => lock.describe(JSON.stringify({ ...holder, backup })),
    release: () => lock.release(),
  };
}

function readHolder(text: string): Holder | undefined {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function describe(holder: Holder | undefined): string {
  if (holder === undefined) return 'it has just begun';
  const backup = holder.backup === '' ? '' : ` (${holder.backup})`;
  return `${holder.command}${backup} since ${holder.since}`;
}
