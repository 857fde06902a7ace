import type { Clock } from '../../time/clock.js';
import { ChargedWait, type WaitBudget } from '../../time/waiting.js';
import { BusyError, OperationTimeoutError } from '../../errors.js';
import type { Action, ClientObserver } from '../observer.js';
import type { ActionLog } from './action-log.js';
import type { ApiConnection } from './connection.js';
import { isList } from './list-ages.js';
import { checkUsable } from './usable.js';

/** What all parts of the client for one server share. */
export interface ServerContext {
  connection: ApiConnection;
  log: ActionLog;
  clock: Clock;
  signal: AbortSignal;
  wait: WaitBudget;
  observer: ClientObserver;
}

/** How long the server may refuse requests because of hung lists, which end when ClickHouse is back. */
const refusedByHungMs = 60_000;

/** Waits until the server runs nothing but hung lists. Throws `BusyError` after `--wait`. */
export async function waitUntilIdle(server: ServerContext): Promise<void> {
  const wait = new ServerWait(server);
  let isIdle = false;
  while (!isIdle) {
    isIdle = await wait.lookForIdle();
  }
  wait.stop();
}

/** One wait for a busy server. */
export class ServerWait {
  private readonly server: ServerContext;
  private readonly wait: ChargedWait;
  private hungSinceMs: number | undefined;

  constructor(server: ServerContext) {
    this.server = server;
    this.wait = new ChargedWait(server.clock, server.wait);
  }

  /** Polls once; pauses and returns false if the server is busy. Throws `BusyError` after `--wait`. */
  async lookForIdle(): Promise<boolean> {
    const { busy } = await this.server.log.running();
    const last = busy.at(-1);
    if (last === undefined) return true;
    // These lists may be hung, and no operation is running that another list could disturb.
    if (this.wait.isOver() && busy.every(isList)) return true;
    await this.pause(last);
    return false;
  }

  /** Pauses after a refusal and reports what is running. Throws `BusyError` after `--wait`. */
  async pauseForBusy(): Promise<void> {
    const { log, clock } = this.server;
    const { busy, hung } = await log.running();
    const last = busy.at(-1);
    const lastHung = hung.at(-1);
    if (last === undefined && lastHung !== undefined) {
      this.hungSinceMs ??= clock.elapsed();
      const refusedMs = clock.elapsed() - this.hungSinceMs;
      if (refusedMs >= refusedByHungMs || this.wait.isOver()) await this.giveUpOn(lastHung);
      return this.pause(lastHung);
    }
    this.hungSinceMs = undefined;
    if (last !== undefined && log.areOurLists(busy) && this.wait.isOver()) {
      await this.giveUpOn(last);
    }
    return this.pause(last);
  }

  stop(): void {
    if (this.wait.waitedMs > 0) this.server.observer.free();
  }

  private async pause(running: Action | undefined): Promise<void> {
    const { connection, signal, observer } = this.server;
    const command = connection.responses.sanitize(running?.command ?? 'another operation');
    const start = this.startOf(running);
    if (this.wait.isOver()) {
      throw new BusyError(
        `${connection.label} is busy: \`${command}\` ${start === '' ? 'is running' : `has been running since ${start}`}`,
        { hint: 'run again later, or wait longer with --wait' },
      );
    }
    observer.busy({ command, start });
    await this.wait.pause(signal);
    observer.stillBusy(this.wait.waitedMs);
  }

  /** Throws the error for a hung list: ClickHouse or the remote storage does not answer. */
  private async giveUpOn(list: Action): Promise<never> {
    const { connection } = this.server;
    await checkUsable(connection);
    throw new OperationTimeoutError(
      `\`${connection.responses.sanitize(list.command)}\` has been running on ${connection.label} since ${this.startOf(list)}, and ${connection.label} starts nothing else until it ends`,
      {
        hint: 'check that the remote storage answers; if the list does not end, restart clickhouse-backup server',
      },
    );
  }

  private startOf(running: Action | undefined): string {
    const start = running?.start ?? '';
    return start === '' ? '' : `${this.server.connection.responses.sanitize(start)} by its clock`;
  }
}
