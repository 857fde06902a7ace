import { wireTime } from './times.js';

/**
 * A row of the action log; `line` formats it as the server sends it
 * (clickhouse-backup-api.md#action-rows).
 */
export interface ActionRow {
  command: string;
  status: 'in progress' | 'success' | 'error' | 'cancel';
  startMs: number;
  finishMs?: number;
  error?: string;
  operationId?: string;
}

/** The server's action log, oldest row first; it is lost when the process is restarted. */
export class ActionsLog {
  rows: ActionRow[] = [];
  private readonly utcOffsetMinutes: number;
  private readonly finishedRowsKept: number;

  constructor(utcOffsetMinutes: number, finishedRowsKept: number) {
    this.utcOffsetMinutes = utcOffsetMinutes;
    this.finishedRowsKept = finishedRowsKept;
  }

  begin(command: string, startMs: number, operationId?: string): ActionRow {
    const row: ActionRow = { command, status: 'in progress', startMs };
    if (operationId !== undefined) row.operationId = operationId;
    this.rows.push(row);
    return row;
  }

  /** Ends a row; a canceled row stays as it is (status.go, `Stop`). */
  finish(row: ActionRow, finishMs: number, error?: string): void {
    if (row.status !== 'in progress') return;
    row.status = error === undefined ? 'success' : 'error';
    row.finishMs = finishMs;
    if (error !== undefined) row.error = error;
    this.forgetOldest();
  }

  cancel(row: ActionRow, atMs: number, error: string): void {
    row.status = 'cancel';
    row.finishMs = atMs;
    row.error = error;
  }

  isLocked(looksAt: 'last row' | 'any row'): boolean {
    const rows = looksAt === 'last row' ? this.rows.slice(-1) : this.rows;
    return rows.some((row) => row.status === 'in progress');
  }

  query(filter: string, last: number): ActionRow[] {
    const found = this.rows.filter((row) =>
      [row.command, row.status, row.error ?? ''].some((text) => text.includes(filter)),
    );
    return last > 0 ? found.slice(-last) : found;
  }

  line(row: ActionRow): string {
    const time = (ms: number) => wireTime(ms, this.utcOffsetMinutes);
    return JSON.stringify({
      command: row.command,
      status: row.status,
      start: time(row.startMs),
      finish: row.finishMs === undefined ? undefined : time(row.finishMs),
      error: row.error,
      operation_id: row.operationId,
    });
  }

  private forgetOldest(): void {
    const finished = this.rows.filter((row) => row.status !== 'in progress');
    const oldest = finished.length > this.finishedRowsKept ? finished[0] : undefined;
    if (oldest) this.rows = this.rows.filter((row) => row !== oldest);
  }
}
