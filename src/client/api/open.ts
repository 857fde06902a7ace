import type { Clock } from '../../time/clock.js';
import type { WaitBudget } from '../../time/waiting.js';
import type { BackupServer } from '../client.js';
import type { ClientObserver } from '../observer.js';
import { ActionLog } from './action-log.js';
import { ApiConnection } from './connection.js';
import type { NewHost } from './patience.js';
import type { GivenCredentials } from './unauthorized.js';
import { ApiClient } from './api-client.js';
import { OperationRunner } from './operation.js';
import type { Transport } from '../../http/transport.js';

export interface OpenOptions {
  transport: Transport;
  clock: Clock;
  signal: AbortSignal;
  wait: WaitBudget;
  observer: ClientObserver;
  /** The host as typed, for messages. */
  label: string;
  /** How messages name the host until its name has been resolved. */
  newHost: NewHost | undefined;
  credentials: GivenCredentials;
  timeoutMs: number;
  connectTimeoutMs: number;
  /** The shortest pause between two polls of an operation. */
  shortestPauseMs: number;
  redact: (text: string) => string;
  listWhileBusy: boolean;
}

/** Returns the client for one server, without sending anything. */
export function openServer(options: OpenOptions): BackupServer {
  const connection = new ApiConnection(options);
  const log = new ActionLog({ connection, clock: options.clock });
  const server = { ...options, connection, log };
  return new ApiClient({ ...server, runner: new OperationRunner(server) });
}
