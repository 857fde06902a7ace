import type { Clock } from '../../time/clock.js';
import { ChargedWait, type WaitBudget } from '../../time/waiting.js';
import { BusyError, OperationTimeoutError } from '../../errors.js';
import type { Action, ClientObserver } from '../observer.js';
import type { ActionLog } from './action-log.js';
import type { ApiConnection } from './connection.js';
import { isList } from './list-ages.js';
import { checkUsable } from './usable.js';

/** What everything that works with one server shares. */
export interface ServerContext {
  connection: ApiConnection;
  log: ActionLog;
  clock: Clock;
  signal: AbortSignal;
  wait: WaitBudget;
  observer: ClientObserver;
}

/** How long a server may refuse work for hung lists: when ClickHouse is back, they end by themselves. */
const refusedByHungMs = 60_000;

/** Waits until the server does nothing but hung lists. Throws `BusyError` when `--wait` is used up. */
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

  /** Looks once, and pauses if the server is busy. */
  async lookForIdle(): Promise<boolean> {
    const { busy } = await this.server.log.running();
    const last = busy.at(-1);
    if (last === undefined) return true;
    // How old these lists are is not known, and nothing runs that one more list could disturb.
    if (this.wait.isOver() && busy.every(isList)) return true;
    await this.pause(last);
    return false;
  }

  /** Waits out one refusal, naming what runs; the caller asks again. Throws `BusyError`. */
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
        `${connection.label} is busy: \`${command}\` runs${start === '' ? '' : ` since ${start}`}`,
        { hint: 'run again later, or wait longer with --wait' },
      );
    }
    observer.busy({ command, start });
    await this.wait.pause(signal);
    observer.stillBusy(this.wait.waitedMs);
  }

  /** A list that hangs is no work to wait for: something behind the server does not answer. */
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
