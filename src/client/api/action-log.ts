import type * as z from 'zod/mini';
import type { Clock } from '../../time/clock.js';
import type { Action } from '../observer.js';
import { quickMs } from '../limits.js';
import type { ApiConnection } from './connection.js';
import { isList, ListAges } from './list-ages.js';
import { actionRow } from './schemas.js';

/** Answers without ClickHouse (clickhouse-backup-api.md#clickhouse-down). */
export const runningPath = '/backup/actions?filter=in%20progress';

/** The operations in progress on the server, of any client, oldest first. */
export interface Running {
  busy: Action[];
  /** Lists that no client waits for anymore. Because of them, the server may still refuse requests. */
  hung: Action[];
}

/** The server's action log: its running and finished operations. */
export class ActionLog {
  private readonly connection: ApiConnection;
  private readonly clock: Clock;
  private readonly ages: ListAges;

  constructor({ connection, clock }: { connection: ApiConnection; clock: Clock }) {
    this.connection = connection;
    this.clock = clock;
    this.ages = new ListAges(clock);
  }

  /**
   * Returns the rows whose command contains `name`, oldest first. The server's filter also matches error
   * texts (clickhouse-backup-api.md#filter).
   */
  async rowsOf(name: string): Promise<Action[]> {
    const rows = await this.read(`/backup/actions?filter=${encodeURIComponent(name)}`);
    return rows.filter((row) => row.command.includes(name));
  }

  async running(): Promise<Running> {
    const read = await this.read(runningPath);
    const rows = read.filter((row) => row.status === 'in progress');
    this.ages.readRunning(rows);
    const isBusy = (row: Action) => !this.ages.isHung(row);
    // The row that started last, often our own, shows the server's time.
    if (rows.some(isBusy) && rows.every(isList)) await this.status(undefined);
    return { busy: rows.filter(isBusy), hung: rows.filter((row) => !isBusy(row)) };
  }

  /**
   * Returns the row of an operation, or the row that started last if there is no id. Servers before
   * 2.6.30 ignore the id (clickhouse-backup-api.md#status).
   */
  async status(operationId: string | undefined): Promise<Action | undefined> {
    const query =
      operationId === undefined ? '' : `?operationid=${encodeURIComponent(operationId)}`;
    return (await this.read(`/backup/status${query}`)).at(-1);
  }

  /** To be called right before a list is sent. If no response comes, call the function it returns. */
  beginList(command: string): () => void {
    const sentMs = this.clock.elapsed();
    return () => this.ages.lose(command, sentMs);
  }

  /** Returns true if all rows are lists of this run that got no response. */
  areOurLists(rows: readonly Action[]): boolean {
    return rows.every((row) => this.ages.isOurs(row));
  }

  private async read(path: string): Promise<Action[]> {
    const rows = (await this.connection.getRows(path, quickMs, actionRow)).map(toAction);
    for (const row of rows) this.ages.read(row);
    return rows;
  }
}

function toAction(row: z.output<typeof actionRow>): Action {
  return {
    command: row.command,
    status: row.status,
    start: row.start,
    finish: row.finish,
    error: row.error,
    operationId: row.operation_id,
  };
}
