import type { BackupTable } from '../backup/table-metadata.js';
import type { BackupServer } from '../client/client.js';
import { quickMs, slowMs } from '../client/limits.js';
import { OperationTimeoutError, ResponseError, UnreachableError } from '../errors.js';
import { formatDuration, shortList } from '../text.js';
import { progressMs } from '../time/intervals.js';
import type { CommandContext } from './context.js';

/** What the tables of a backup show. `reason` is a clause. */
export type Completeness =
  | { kind: 'complete'; tables: BackupTable[] }
  /** Tables could not be read. A storage that is down looks the same. */
  | { kind: 'incomplete'; reason: string }
  | { kind: 'unchecked'; reason: string; why: 'unsupported' | 'too-slow' | 'no-answer' };

export type ReadingContext = Pick<CommandContext, 'clock' | 'report'> & { server: BackupServer };

/** How long reads may take together. */
export class ReadingBudget {
  leftMs = slowMs;
}

/**
 * Reads the tables of a backup on the remote storage, several times if necessary. A table that one of the
 * reads has shown is complete.
 */
export class TableReading {
  private readonly context: ReadingContext;
  private readonly name: string;
  private readonly budget: ReadingBudget;
  private readonly seen = new Map<string, BackupTable>();
  /** What a read has found missing; undefined once a later read has shown all tables. */
  missing: string | undefined;

  constructor(context: ReadingContext, name: string, budget = new ReadingBudget()) {
    this.context = context;
    this.name = name;
    this.budget = budget;
  }

  /** Reads once, within what is left of the budget. */
  async read(): Promise<Completeness> {
    const { clock } = this.context;
    const startMs = clock.elapsed();
    try {
      return await this.readWithin(this.budget.leftMs);
    } finally {
      this.budget.leftMs -= clock.elapsed() - startMs;
    }
  }

  /** Reads once; it may take as long as all other reads together. */
  readForSure(): Promise<Completeness> {
    return this.readWithin(slowMs);
  }

  private async readWithin(leftMs: number): Promise<Completeness> {
    const result = await this.ask(leftMs);
    if (result.kind !== 'unchecked') {
      this.missing = result.kind === 'incomplete' ? result.reason : undefined;
    }
    return result;
  }

  private async ask(leftMs: number): Promise<Completeness> {
    const { context, name } = this;
    const tooSlow: Completeness = {
      kind: 'unchecked',
      why: 'too-slow',
      reason: `its tables could not be read within ${formatDuration(slowMs)}`,
    };
    if (leftMs <= 0) return tooSlow;
    try {
      const work = () => context.server.tablesOfBackup('remote', name, leftMs);
      const answer = await reporting(context, work);
      switch (answer.kind) {
        case 'read':
          return await this.judge(answer.tables);
        case 'not-found':
          return { kind: 'incomplete', reason: answer.reason };
        case 'failed':
          return { kind: 'unchecked', why: 'no-answer', reason: answer.reason };
        case 'unsupported':
          return { kind: 'unchecked', why: 'unsupported', reason: answer.reason };
      }
    } catch (error) {
      if (error instanceof OperationTimeoutError) return tooSlow;
      // A proxy may give up before the server has read all tables, which shows nothing about the backup.
      if (error instanceof UnreachableError || error instanceof ResponseError) {
        return { kind: 'unchecked', why: 'no-answer', reason: error.message };
      }
      throw error;
    }
  }

  private async judge(tables: BackupTable[]): Promise<Completeness> {
    if (tables.length === 0 && !(await this.hasNoTables())) {
      return { kind: 'incomplete', reason: 'the server lists none of its tables' };
    }
    const merged = tables.map((table) => {
      const key = JSON.stringify([table.database, table.name]);
      if (table.isReadable) this.seen.set(key, table);
      return this.seen.get(key) ?? table;
    });
    const unreadable = merged.filter(({ isReadable }) => !isReadable);
    if (unreadable.length === 0) return { kind: 'complete', tables: merged };
    const names = shortList(unreadable.map(({ database, name }) => `${database}.${name}`));
    const count = `${unreadable.length} of its ${tables.length} tables`;
    return { kind: 'incomplete', reason: `the metadata of ${count} cannot be read: ${names}` };
  }

  /** Returns true if the local copy has no tables either (`allow_empty_backups`). */
  private async hasNoTables(): Promise<boolean> {
    const local = await this.context.server.tablesOfBackup('local', this.name, quickMs);
    return local.kind === 'read' && local.tables.length === 0;
  }
}

/** Reports progress while a request is in progress. */
async function reporting<T>({ clock, report }: ReadingContext, work: () => Promise<T>): Promise<T> {
  const ended = new AbortController();
  const startMs = clock.elapsed();
  const reportUntilEnded = async () => {
    for (;;) {
      await clock.sleep(progressMs, ended.signal);
      report.working(clock.elapsed() - startMs);
    }
  };
  void reportUntilEnded().catch(() => undefined);
  try {
    return await work();
  } finally {
    ended.abort();
  }
}
