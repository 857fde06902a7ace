import type * as z from 'zod/mini';
import { ChargedWait, type Clock, type WaitBudget } from '../../clock.js';
import { BusyError } from '../../errors.js';
import type { Action, EngineObserver } from '../observer.js';
import { type ApiClient, quickMs } from './client.js';
import { actionRow } from './schemas.js';

export interface ActionLogOptions {
  client: ApiClient;
  clock: Clock;
  signal: AbortSignal;
  wait: WaitBudget;
  observer: EngineObserver;
  label: string;
}

/** The server's action log: what runs, what ran, and waiting until nothing does. */
export class ActionLog {
  private readonly options: ActionLogOptions;

  constructor(options: ActionLogOptions) {
    this.options = options;
  }

  /** Rows whose command holds `name`, oldest first. The filter also matches error texts (§10). */
  async rowsOf(name: string): Promise<Action[]> {
    const rows = await this.read(`filter=${encodeURIComponent(name)}`);
    return rows.filter((row) => row.command.includes(name));
  }

  /** Everything the server is doing now, whoever asked for it. */
  async running(): Promise<Action[]> {
    const rows = await this.read('filter=in%20progress');
    return rows.filter((row) => row.status === 'in progress');
  }

  /**
   * The row that `/backup/status` gives: of that id, or without one the last started row
   * (§3). Servers before 2.6.30 ignore the id.
   */
  async status(operationId: string): Promise<Action | undefined> {
    const query = operationId === '' ? '' : `?operationid=${encodeURIComponent(operationId)}`;
    const path = `/backup/status${query}`;
    const rows = await this.options.client.getRows(path, quickMs, actionRow);
    const last = rows.at(-1);
    return last === undefined ? undefined : this.toAction(last);
  }

  /** Waits until the server does nothing. Throws `BusyError` when the run's wait is used up. */
  async waitUntilIdle(): Promise<void> {
    const wait = this.startWaiting();
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop
      const running = (await this.running()).at(-1);
      if (running === undefined) break;
      // oxlint-disable-next-line no-await-in-loop
      await this.pause(wait, running);
    }
    this.stopWaiting(wait);
  }

  /** One wait for a server that refuses for being busy. */
  startWaiting(): ChargedWait {
    return new ChargedWait(this.options.clock, this.options.wait);
  }

  /** Waits out one refusal, naming what runs; the caller asks again. Throws `BusyError`. */
  async pauseForBusy(wait: ChargedWait): Promise<void> {
    const running = (await this.running()).at(-1);
    await this.pause(wait, running ?? { command: 'another operation', start: '' });
  }

  stopWaiting(wait: ChargedWait): void {
    if (wait.waitedMs > 0) this.options.observer.free();
  }

  private async pause(
    wait: ChargedWait,
    running: { command: string; start: string },
  ): Promise<void> {
    const { client, signal, observer, label } = this.options;
    const command = client.answers.quote(running.command);
    const start = running.start === '' ? '' : `${client.answers.quote(running.start)} by its clock`;
    if (wait.isOver()) {
      throw new BusyError(
        `${label} is busy: \`${command}\` runs${start === '' ? '' : ` since ${start}`}`,
        { hint: 'run again later, or wait longer with --wait' },
      );
    }
    observer.busy({ command, start });
    await wait.pause(signal);
    observer.stillBusy(wait.waitedMs);
  }

  private async read(query: string): Promise<Action[]> {
    const path = `/backup/actions?${query}`;
    const rows = await this.options.client.getRows(path, quickMs, actionRow);
    return rows.map((row) => this.toAction(row));
  }

  private toAction(row: z.output<typeof actionRow>): Action {
    return {
      command: row.command,
      status: row.status,
      start: row.start,
      ...(row.finish !== undefined && { finish: row.finish }),
      error: row.error ?? '',
      operationId: row.operation_id ?? '',
    };
  }
}
