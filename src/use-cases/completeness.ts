import type { Backup } from '../backup/backup.js';
import { findBackup } from '../backup/chain.js';
import { membersToCheck } from '../backup/list-order.js';
import type { BackupTable } from '../backup/table-metadata.js';
import { baseRetryPausesMs } from '../time/intervals.js';
import type { CommandContext } from './context.js';
import { emptyList } from './empty-storage.js';
import {
  type Completeness,
  ReadingBudget,
  type ReadingContext,
  TableReading,
} from './table-reading.js';

/** The storage or the server cannot be relied on now, so nothing is known about the backup. */
export interface InDoubt {
  kind: 'in-doubt';
  /** A clause. */
  reason: string;
  isListEmpty: boolean;
}

export type CheckedBackup = (Completeness | InDoubt) & { name: string };

export interface CompletenessContext
  extends ReadingContext, Pick<CommandContext, 'host' | 'signal'> {
  /** Called before each pause or list, and before the read that follows. */
  retrying?: (what: 'pause' | 'read') => void;
}

/**
 * Finds out whether backups on the remote storage are complete, from the metadata of their tables: lists
 * show an incomplete backup as good (clickhouse-backup-api.md#incomplete-backups). All reads together may
 * take 10 minutes; a backup for which no time is left is `unchecked`.
 */
export class CompletenessCheck {
  private readonly context: CompletenessContext;
  private readonly results = new Map<string, CheckedBackup>();
  private readonly budget = new ReadingBudget();

  constructor(context: CompletenessContext) {
    this.context = context;
  }

  /**
   * Checks a backup and those of its chain that may be incomplete without it. Returns the first one that
   * is incomplete or in doubt, or else one that could not be checked, or else the backup itself. `chain`:
   * the names from the backup down to its full, at least one.
   */
  async checkChain(remote: readonly Backup[], chain: readonly string[]): Promise<CheckedBackup> {
    const results: CheckedBackup[] = [];
    for (const name of membersToCheck(remote, chain)) {
      const result = await this.check(name);
      const isFinal = result.kind === 'unchecked' && result.why === 'unsupported';
      if (isFinal || result.kind === 'incomplete' || result.kind === 'in-doubt') return result;
      results.push(result);
    }
    const [first] = results;
    if (first === undefined) throw new Error('a chain has at least one backup');
    return results.find(({ kind }) => kind === 'unchecked') ?? first;
  }

  /** Checks one backup, once: the result of an earlier check is kept. */
  async check(name: string): Promise<CheckedBackup> {
    const known = this.results.get(name);
    if (known !== undefined) return known;
    const result = { ...(await this.findOut(name)), name };
    this.results.set(name, result);
    return result;
  }

  /** Returns the tables of a backup that was checked and is complete. */
  tablesOf(name: string): BackupTable[] | undefined {
    const known = this.results.get(name);
    return known?.kind === 'complete' ? known.tables : undefined;
  }

  /**
   * A storage that is down makes every backup look incomplete, so an incomplete one is read again after
   * 20 and 35 s. Then the remote list must still show it as good, which it does not while the storage is
   * down, and one more read, after that list, must agree.
   */
  private async findOut(name: string): Promise<Completeness | InDoubt> {
    const { clock, host, report, retrying, server, signal } = this.context;
    report.phase(`reading the tables of backup ${name}`);
    const reading = new TableReading(this.context, name, this.budget);
    let result = await reading.read();
    for (const pauseMs of baseRetryPausesMs) {
      if (!mayChange(result)) return result;
      retrying?.('pause');
      await clock.sleep(pauseMs, signal);
      retrying?.('read');
      result = await reading.read();
    }
    if (result.kind === 'complete' || reading.missing === undefined) return result;
    retrying?.('pause');
    const listed = await server.list('remote');
    const isListEmpty = listed.length === 0;
    const state = findBackup(listed, 'remote', name)?.state;
    if (state !== 'ok') {
      const how =
        state === undefined ? `no longer lists backup ${name}` : `lists backup ${name} as ${state}`;
      const reason = isListEmpty ? emptyList : `the remote storage of ${host} ${how}`;
      return { kind: 'in-doubt', reason, isListEmpty };
    }
    retrying?.('read');
    const last = await reading.readForSure();
    if (last.kind !== 'unchecked') return last;
    const reason = `it is unknown whether backup ${name} is complete: ${last.reason}`;
    return { kind: 'in-doubt', reason, isListEmpty: false };
  }
}

function mayChange(result: Completeness): boolean {
  if (result.kind === 'unchecked') return result.why === 'no-answer';
  return result.kind === 'incomplete';
}
