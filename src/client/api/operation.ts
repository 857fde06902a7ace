import type * as z from 'zod/mini';
import { pollIntervalMs } from '../../time/intervals.js';
import { ResponseError, OperationTimeoutError } from '../../errors.js';
import { formatDuration } from '../../text.js';
import type { Outcome } from '../client.js';
import type { Action } from '../observer.js';
import { serverErrorCode } from '../server-errors.js';
import { quickMs } from '../limits.js';
import { postWhenFree } from './post-when-free.js';
import { acknowledgement } from './schemas.js';
import type { ServerContext } from './server-wait.js';
import type { HttpAnswer } from '../../http/transport.js';

/** An operation that the server carries out after it has answered. */
export interface Operation {
  /** The backup it works on. */
  backup: string;
  path: string;
  body?: string;
  /** Returns true for the command of its row (clickhouse-backup-api.md#row-commands). */
  isOurs: (command: string) => boolean;
  /** Runs after each wait for a busy server, before the request is sent again; may throw. */
  beforeAgain?: (() => Promise<void>) | undefined;
  /** True if earlier operations may have left rows with the same command in the log. */
  repeatable: boolean;
  /** True if `/backup/status` is read first, then the log. */
  byStatus: boolean;
}

/** The server has started the operation, or may have started it. */
type Started =
  | { kind: 'accepted'; operationId: string | undefined }
  | { kind: 'lost'; reason: string };

export interface OperationRunnerOptions extends ServerContext {
  timeoutMs: number;
  shortestPauseMs: number;
}

/** How long a row may be missing after the response (clickhouse-backup-api.md#late-rows). */
const registrationMs = 60_000;

/** Starts an operation and polls its row until the operation ends. */
export class OperationRunner {
  private readonly options: OperationRunnerOptions;

  constructor(options: OperationRunnerOptions) {
    this.options = options;
  }

  async run(operation: Operation): Promise<Outcome> {
    const before = operation.repeatable ? (await this.ourRows(operation)).length : 0;
    const { connection } = this.options;
    const started = await this.start(operation, before);
    if (started.kind === 'rejected') {
      // Without a code, the response only shows that the operation has not started.
      const { reason } = started;
      return { kind: 'error', reason, code: serverErrorCode(reason) ?? 'not-started' };
    }
    return connection.whileWorking(async () => {
      const outcome = await this.follow(operation, started, before);
      if (started.kind !== 'lost' || outcome.kind !== 'unknown') return outcome;
      const reason = `the answer was lost (${started.reason}), and ${outcome.reason}`;
      return { kind: 'unknown', reason };
    });
  }

  private async start(
    operation: Operation,
    before: number,
  ): Promise<Started | { kind: 'rejected'; reason: string }> {
    const { connection, observer } = this.options;
    const result = await postWhenFree(this.options, operation.path, quickMs, {
      body: operation.body,
      wasDone: async () => (await this.ourRows(operation)).length > before,
      beforeAgain: operation.beforeAgain,
    });
    if (result.kind === 'lost') return { kind: 'lost', reason: result.reason };
    const { answer } = result;
    if (answer.status !== 200 && answer.status !== 201) {
      return {
        kind: 'rejected',
        reason: `${answer.status}: ${connection.responses.errorText(answer)}`,
      };
    }
    const reply = this.readReply(operation, answer);
    if (reply.kind === 'lost') return reply;
    observer.answered(JSON.parse(answer.body.trim()));
    const { backup_name: name, operation_id: operationId } = reply.acknowledgement;
    if (name !== undefined && name !== operation.backup) {
      throw new ResponseError(
        `clickhouse-backup is working on backup ${connection.responses.sanitize(name)}, not on the requested backup ${operation.backup}`,
      );
    }
    return { kind: 'accepted', operationId };
  }

  /** Reads a successful response. An unreadable one is treated as lost. */
  private readReply(
    { path }: Operation,
    answer: HttpAnswer,
  ):
    | { kind: 'read'; acknowledgement: z.output<typeof acknowledgement> }
    | { kind: 'lost'; reason: string } {
    const { responses } = this.options.connection;
    try {
      const line = responses.parseLine(path, answer.body.trim(), acknowledgement);
      return { kind: 'read', acknowledgement: line };
    } catch (error) {
      if (error instanceof ResponseError) return { kind: 'lost', reason: error.message };
      throw error;
    }
  }

  private async follow(operation: Operation, started: Started, before: number): Promise<Outcome> {
    const { clock, signal, observer, timeoutMs, shortestPauseMs } = this.options;
    const startMs = clock.elapsed();
    let seen = false;
    for (;;) {
      const id = started.kind === 'accepted' ? started.operationId : undefined;
      const row = await this.look(operation, id, before);
      const elapsedMs = clock.elapsed() - startMs;
      if (row !== undefined && row.status !== 'in progress') return this.outcomeOf(row);
      if (row === undefined && seen) {
        return this.missing('its entry disappeared from the action log');
      }
      if (row === undefined && elapsedMs > registrationMs) {
        const reason = started.kind === 'lost' ? 'the request did not arrive' : undefined;
        return this.missing('it has no entry in the action log', reason);
      }
      if (elapsedMs > timeoutMs) {
        throw new OperationTimeoutError(
          `clickhouse-backup is still working on backup ${operation.backup} after ${formatDuration(elapsedMs)}`,
          { hint: 'clickhouse-backup continues; to allow more time, increase --timeout' },
        );
      }
      seen ||= row !== undefined;
      observer.working(elapsedMs);
      const pauseMs = pollIntervalMs(elapsedMs, shortestPauseMs);
      await clock.sleep(Math.min(pauseMs, timeoutMs - elapsedMs + 1), signal);
    }
  }

  /** Returns the outcome for a missing row, with the possible reasons. */
  private missing(seen: string, reason?: string): Outcome {
    const { label } = this.options.connection;
    const reasons = [
      ...(reason === undefined ? [] : [reason]),
      'the server was restarted',
      `${label} leads to several servers (several DNS records, a load balancer)`,
    ];
    return { kind: 'unknown', reason: `${seen}; possible reasons: ${reasons.join(', or ')}` };
  }

  /** Returns our row: the one of `/backup/status` if it is ours, otherwise one from the log. */
  private async look(
    operation: Operation,
    id: string | undefined,
    before: number,
  ): Promise<Action | undefined> {
    if (operation.byStatus) {
      const row = await this.options.log.status(id);
      if (row !== undefined && operation.isOurs(row.command) && before === 0) return row;
    }
    const rows = await this.ourRows(operation);
    const byId = id === undefined ? undefined : rows.findLast((row) => row.operationId === id);
    return byId ?? rows[before];
  }

  private async ourRows(operation: Operation): Promise<Action[]> {
    const rows = await this.options.log.rowsOf(operation.backup);
    return rows.filter((row) => operation.isOurs(row.command));
  }

  /** Returns the outcome that a finished row shows, and reports the row for the log file. */
  outcomeOf(row: Action): Outcome {
    const { connection, observer } = this.options;
    const { operationId, error = '', ...fields } = row;
    observer.answered({
      ...fields,
      ...(error !== '' && { error }),
      ...(operationId !== undefined && { operation_id: operationId }),
    });
    if (row.status === 'success') return { kind: 'success' };
    const reason = connection.responses.sanitize(error) || 'the server gave no reason';
    if (row.status === 'cancel') {
      return { kind: 'unknown', reason: `its entry in the action log was canceled: ${reason}` };
    }
    return { kind: 'error', reason, code: serverErrorCode(error) };
  }
}
