import type * as z from 'zod/mini';
import { pollIntervalMs } from '../../time/rhythms.js';
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
  | { kind: 'accepted'; operationId: string | undefined }
  | { kind: 'lost'; reason: string };

export interface OperationRunnerOptions extends ServerContext {
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
        `the server works on backup ${connection.responses.sanitize(name)}, although ${operation.backup} was requested`,
      );
    }
    return { kind: 'accepted', operationId };
  }

  /** Reads a response of success. One that cannot be read shows no more than a lost one. */
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
    const { clock, signal, observer, timeoutMs } = this.options;
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
          `the server is still working on ${operation.backup} after ${formatDuration(elapsedMs)}`,
          { hint: 'the server continues; to wait longer, pass --timeout' },
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
    return { kind: 'unknown', reason: `${seen}; possible reasons: ${reasons.join(', or ')}` };
  }

  /** Our row, by status where that is enough, else from the log of this backup. */
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

  /** What a row that has ended means; it goes to the log file. */
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
      return { kind: 'unknown', reason: `its row was cancelled: ${reason}` };
    }
    return { kind: 'error', reason, code: serverErrorCode(error) };
  }
}
