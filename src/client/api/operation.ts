import { pollIntervalMs } from '../../time/waiting.js';
import { ApiResponseError, OperationTimeoutError } from '../../errors.js';
import type { Outcome } from '../client.js';
import type { Action } from '../observer.js';
import { serverErrorCode } from '../server-errors.js';
import { quickMs } from './connection.js';
import { postWhenFree } from './post-when-free.js';
import { acknowledgement } from './schemas.js';
import type { ServerWaitOptions } from './server-wait.js';
import type { HttpAnswer } from '../../http/transport.js';

/** Work that the server does after it has answered. */
export interface Operation {
  /** The backup it works on. */
  backup: string;
  path: string;
  body?: string;
  /** What its row's command looks like (§2). */
  isOurs: (command: string) => boolean;
  /** Done after each wait for a busy server, before it is asked again; may throw. */
  beforeAgain?: (() => Promise<void>) | undefined;
  /** Rows of this kind may be in the log already: the backup was worked on before. */
  repeatable: boolean;
  /** Ask `/backup/status` first. */
  byStatus: boolean;
}

/** The server has, or may have, begun. */
type Started =
  | { kind: 'accepted'; operationId: string }
  | { kind: 'lost'; operationId: ''; why: string };

export interface OperationRunnerOptions extends ServerWaitOptions {
  timeoutMs: number;
}

/** For how long a row may not be there yet: 2.4.21 to 2.6.39 register it after answering (§2). */
const registrationMs = 60_000;

/** Starts an operation and follows its row to the end. */
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
      // A restore may be refused for a reason of its own; an upload has not started.
      return {
        status: 'error',
        text: started.text,
        code: serverErrorCode(started.text) ?? 'not-started',
      };
    }
    connection.atWork = true;
    try {
      const outcome = await this.follow(operation, started, before);
      return started.kind === 'lost' && outcome.status === 'unknown'
        ? { status: 'unknown', why: `the answer was lost (${started.why}), and ${outcome.why}` }
        : outcome;
    } finally {
      connection.atWork = false;
    }
  }

  private async start(
    operation: Operation,
    before: number,
  ): Promise<Started | { kind: 'rejected'; text: string }> {
    const { connection, observer } = this.options;
    const result = await postWhenFree(this.options, operation.path, quickMs, {
      body: operation.body,
      wasDone: async () => (await this.ourRows(operation)).length > before,
      beforeAgain: operation.beforeAgain,
    });
    if (result.kind === 'lost') return { kind: 'lost', operationId: '', why: result.why };
    const { answer } = result;
    if (answer.status !== 200 && answer.status !== 201) {
      return {
        kind: 'rejected',
        text: `${answer.status}: ${connection.responses.errorText(answer)}`,
      };
    }
    const reply = this.readReply(operation, answer);
    if ('why' in reply) return { kind: 'lost', operationId: '', why: reply.why };
    observer.answered(JSON.parse(answer.body.trim()));
    if (reply.backup_name !== undefined && reply.backup_name !== operation.backup) {
      throw new ApiResponseError(
        `asked for ${operation.backup}, the server works on ${connection.responses.sanitize(reply.backup_name)}`,
      );
    }
    return { kind: 'accepted', operationId: reply.operation_id ?? '' };
  }

  /** An answer that says yes but cannot be read tells no more than one that was lost. */
  private readReply(operation: Operation, answer: HttpAnswer) {
    try {
      const body = answer.body.trim();
      return this.options.connection.responses.parseLine(operation.path, body, acknowledgement);
    } catch (error) {
      if (error instanceof ApiResponseError) return { why: error.message };
      throw error;
    }
  }

  private async follow(operation: Operation, started: Started, before: number): Promise<Outcome> {
    const { clock, signal, observer, timeoutMs } = this.options;
    const startMs = clock.elapsed();
    let seen = false;
    for (;;) {
      const row = await this.look(operation, started.operationId, before);
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
          `the server still works on ${operation.backup} after ${Math.round(elapsedMs / 1000)} s`,
          { hint: 'the server goes on with it; --timeout allows more time' },
        );
      }
      seen ||= row !== undefined;
      observer.working(elapsedMs);
      await clock.sleep(Math.min(pollIntervalMs(elapsedMs), timeoutMs - elapsedMs + 1), signal);
    }
  }

  /** What was seen, and what may be behind it: the log alone does not tell. */
  private missing(seen: string, reason?: string): Outcome {
    const { label } = this.options.connection;
    const reasons = [
      ...(reason === undefined ? [] : [reason]),
      'the server was restarted',
      `${label} leads to several servers (several DNS records, a load balancer)`,
    ];
    return { status: 'unknown', why: `${seen}; possible reasons: ${reasons.join(', or ')}` };
  }

  /** Our row, by status where that is enough, else from the log of this backup. */
  private async look(
    operation: Operation,
    id: string,
    before: number,
  ): Promise<Action | undefined> {
    if (operation.byStatus) {
      const row = await this.options.log.status(id);
      if (row !== undefined && operation.isOurs(row.command) && before === 0) return row;
    }
    const rows = await this.ourRows(operation);
    const byId = id === '' ? undefined : rows.findLast((row) => row.operationId === id);
    return byId ?? rows[before];
  }

  private async ourRows(operation: Operation): Promise<Action[]> {
    const rows = await this.options.log.rowsOf(operation.backup);
    return rows.filter((row) => operation.isOurs(row.command));
  }

  /** What a row that has ended means; it goes to the log file. */
  outcomeOf(row: Action): Outcome {
    const { connection, observer } = this.options;
    const { operationId, error, ...fields } = row;
    observer.answered({
      ...fields,
      ...(error !== '' && { error }),
      ...(operationId !== '' && { operation_id: operationId }),
    });
    if (row.status === 'success') return { status: 'success' };
    const text = connection.responses.sanitize(error) || 'the server gave no reason';
    if (row.status === 'cancel') {
      return { status: 'unknown', why: `its row was cancelled: ${text}` };
    }
    return { status: 'error', text, code: serverErrorCode(error) };
  }
}
