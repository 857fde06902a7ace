import type { Clock } from '../../time/clock.js';
import type { WaitBudget } from '../../time/waiting.js';
import type { BackupServer } from '../client.js';
import type { EngineObserver } from '../observer.js';
import { ActionLog } from './action-log.js';
import { ApiClient } from './connection.js';
import { ApiEngine } from './api-client.js';
import { OperationRunner } from './operation.js';
import type { Transport } from '../../http/transport.js';

export interface OpenOptions {
  transport: Transport;
  clock: Clock;
  signal: AbortSignal;
  wait: WaitBudget;
  observer: EngineObserver;
  /** The host as typed, for messages. */
  label: string;
  timeoutMs: number;
  connectTimeoutMs: number;
  redact: (text: string) => string;
  listWhileBusy: boolean;
}

/** The engine for one server; sends nothing yet. */
export function openServer(options: OpenOptions): BackupServer {
  const { listWhileBusy, timeoutMs } = options;
  const client = new ApiClient(options);
  const log = new ActionLog({ client, clock: options.clock });
  const waiting = { ...options, client, log };
  const runner = new OperationRunner({ ...waiting, timeoutMs });
  return new ApiEngine({ client, log, runner, waiting, listWhileBusy });
}
