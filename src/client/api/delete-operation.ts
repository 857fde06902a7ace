import type { Location } from '../../backup/backup.js';
import { pollIntervalMs } from '../../time/intervals.js';
import { ResponseError, OperationTimeoutError } from '../../errors.js';
import type { DeleteOutcome } from '../client.js';
import { slowMs } from '../limits.js';
import { postWhenFree } from './post-when-free.js';
import { serverErrorCode } from '../server-errors.js';
import { acknowledgement } from './schemas.js';
import type { ServerContext } from './server-wait.js';
import type { HttpAnswer } from '../../http/transport.js';

/** How long the row of a delete is searched for after the response was lost. */
const lookMs = 60_000;

/**
 * Deletes one copy. The server answers when the delete is done (clickhouse-backup-api.md#delete-calls);
 * if that response is lost, the row in the action log shows the outcome. Throws `OperationTimeoutError`
 * after 10 minutes, without a retry.
 */
export async function deleteBackup(
  server: ServerContext,
  location: Location,
  backup: string,
  beforeAgain?: () => Promise<void>,
): Promise<DeleteOutcome> {
  const path = `/backup/delete/${location}/${encodeURIComponent(backup)}`;
  const countRows = async () => (await rowsOfDelete(server, location, backup)).length;
  const before = await countRows();
  const wasDone = async () => (await countRows()) > before;
  const result = await postWhenFree(server, path, slowMs, { beforeAgain, wasDone });
  if (result.kind === 'answered') return outcomeOf(server, result.answer);
  const deadlineMs = server.clock.elapsed() + slowMs - result.afterMs;
  return followLost(server, { location, backup, before, deadlineMs, reason: result.reason });
}

function outcomeOf({ connection, observer }: ServerContext, answer: HttpAnswer): DeleteOutcome {
  if (answer.status !== 200) return failure(connection.responses.errorText(answer));
  try {
    observer.answered(
      connection.responses.parseLine('the delete', answer.body.trim(), acknowledgement),
    );
    return { kind: 'deleted' };
  } catch (error) {
    // A proxy's page or part of a line does not show the outcome.
    if (error instanceof ResponseError) return { kind: 'unknown', reason: error.message };
    throw error;
  }
}

function failure(reason: string): DeleteOutcome {
  const code = serverErrorCode(reason);
  return code === 'not-found' ? { kind: code, reason } : { kind: 'error', reason, code };
}

async function followLost(
  server: ServerContext,
  lost: { location: Location; backup: string; before: number; deadlineMs: number; reason: string },
): Promise<DeleteOutcome> {
  const { connection, clock, observer, signal } = server;
  const startMs = clock.elapsed();
  for (;;) {
    const rows = await rowsOfDelete(server, lost.location, lost.backup);
    const row = rows.length > lost.before ? rows.at(-1) : undefined;
    const elapsedMs = clock.elapsed() - startMs;
    if (row?.status === 'success') {
      observer.answered(row);
      return { kind: 'deleted' };
    }
    if (row?.status === 'error') return failure(connection.responses.sanitize(row.error ?? ''));
    const goneQuiet = row === undefined && elapsedMs > lookMs;
    const tooLate = clock.elapsed() > lost.deadlineMs;
    if (row?.status === 'cancel' || (goneQuiet && !tooLate)) {
      return { kind: 'unknown', reason: `the answer was lost (${lost.reason})` };
    }
    if (tooLate && (row !== undefined || goneQuiet)) {
      throw new OperationTimeoutError(
        `the deletion of backup ${lost.backup} is still running after ${slowMs / 60_000} minutes`,
        { hint: 'clickhouse-backup continues; check the backup later with chbackup list' },
      );
    }
    await clock.sleep(pollIntervalMs(elapsedMs), signal);
  }
}

async function rowsOfDelete(server: ServerContext, location: Location, backup: string) {
  const rows = await server.log.rowsOf(backup);
  return rows.filter(({ command }) => command === `delete ${location} ${backup}`);
}
