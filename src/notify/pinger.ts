import { randomUUID } from 'node:crypto';
import type { Transport } from '../http/transport.js';
import { exitCodes } from '../errors.js';
import type { Clock } from '../time/clock.js';
import { afterEndMs, startPingMs } from './limits.js';
import type { PingAddress } from './ping-address.js';
import { sendPing } from './send-ping.js';

export interface PingerOptions {
  address: PingAddress;
  transport: Transport;
  clock: Clock;
  /** Aborted when monitoring is given up. */
  signal: AbortSignal;
  /** Receives which ping was not delivered, and why. */
  onFailure: (what: 'start ping' | 'final ping', reason: string) => void;
}

/** The two pings of a run, in the protocol of healthchecks.io. Neither method rejects. */
export class Pinger {
  private readonly options: PingerOptions;
  private readonly runId = randomUUID();
  private readonly stopStart = new AbortController();
  private starting: Promise<void> = Promise.resolve();

  constructor(options: PingerOptions) {
    this.options = options;
  }

  /** Sends the start ping beside the work. */
  start(): void {
    const signal = AbortSignal.any([this.options.signal, this.stopStart.signal]);
    this.starting = this.send('start', '', 'start ping', signal);
  }

  /** Sends how the run ended. Busy (exit 11) is not down, so that it is only logged. */
  async end(exitCode: number, text: string): Promise<void> {
    const { clock, signal } = this.options;
    const started = new AbortController();
    await Promise.race([
      this.starting,
      clock.sleep(startPingMs, AbortSignal.any([signal, started.signal])).catch(() => undefined),
    ]);
    started.abort();
    // A start that arrives after the end would look like a run that hangs.
    this.stopStart.abort();
    const suffix = exitCode === exitCodes.busy ? 'log' : String(exitCode);
    await this.send(suffix, text, 'final ping', signal);
  }

  private async send(
    suffix: string,
    body: string,
    what: 'start ping' | 'final ping',
    signal: AbortSignal,
  ): Promise<void> {
    const { address, transport, clock, onFailure } = this.options;
    const path = address.pathOf(suffix, this.runId);
    const sending = { transport, clock, signal, limitMs: afterEndMs };
    const reason = await sendPing(path, body, sending);
    // The end of the run was no failure of its start ping.
    const isStopped = what === 'start ping' && this.stopStart.signal.aborted;
    if (reason !== undefined && !isStopped) onFailure(what, reason);
  }
}
