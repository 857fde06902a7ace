import type * as z from 'zod/mini';
import type { Clock } from '../../time/clock.js';
import type { Action } from '../observer.js';
import { quickMs } from '../limits.js';
import type { ApiConnection } from './connection.js';
import { isList, ListAges } from './list-ages.js';
import { actionRow } from './schemas.js';

/** Needs no ClickHouse (§12). */
export const runningPath = '/backup/actions?filter=in%20progress';

/** What the server is doing now, for any client, oldest first. */
export interface Running {
  busy: Action[];
  /** Lists that nobody waits for any more: the server is not busy with them, but may refuse work. */
  hung: Action[];
}

/** The server's action log: what runs and what ran. */
export class ActionLog {
  private readonly connection: ApiConnection;
  private readonly clock: Clock;
  private readonly ages: ListAges;

  constructor({ connection, clock }: { connection: ApiConnection; clock: Clock }) {
    this.connection = connection;
    this.clock = clock;
    this.ages = new ListAges(clock);
  }

  /** Rows whose command holds `name`, oldest first. The filter also matches error texts (§10). */
  async rowsOf(name: string): Promise<Action[]> {
    const rows = await this.read(`/backup/actions?filter=${encodeURIComponent(name)}`);
    return rows.filter((row) => row.command.includes(name));
  }

  async running(): Promise<Running> {
    const read = await this.read(runningPath);
    const rows = read.filter((row) => row.status === 'in progress');
    this.ages.readRunning(rows);
    const isBusy = (row: Action) => !this.ages.isHung(row);
    // The row that started last, often one of our own, tells the server's clock.
    if (rows.some(isBusy) && rows.every(isList)) await this.status(undefined);
    return { busy: rows.filter(isBusy), hung: rows.filter((row) => !isBusy(row)) };
  }

  /**
   * The row that `/backup/status` gives: of that id, or without one the last started row
   * (§3). Servers before 2.6.30 ignore the id.
   */
  async status(operationId: string | undefined): Promise<Action | undefined> {
    const query =
      operationId === undefined ? '' : `?operationid=${encodeURIComponent(operationId)}`;
    return (await this.read(`/backup/status${query}`)).at(-1);
  }

  /** To be called right before a list is sent; what it returns, if no answer to it came. */
  beginList(command: string): () => void {
    const sentMs = this.clock.elapsed();
    return () => this.ages.lose(command, sentMs);
  }

  /** Whether all of these are lists of this run that got no answer. */
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
