import { UnreachableError, OperationTimeoutError } from '../../errors.js';
import { TimeLimitError } from '../../time/clock.js';
import { runningPath } from './action-log.js';
import { clickHouseError, clickHouseHint } from '../server-errors.js';
import { quickMs } from '../limits.js';
import type { HttpAnswer } from '../../http/transport.js';
import type { ApiConnection } from './connection.js';
import { isFromServer } from './error-response.js';
import { tableRow } from './schemas.js';

/** Needs ClickHouse, but adds no row and takes no lock (clickhouse-backup-api.md#usable-server). */
const path = '/backup/tables?table=nosuch.nosuch';

/**
 * Throws `UnreachableError` if ClickHouse does not answer the server. Other calls do not show it: they
 * hang, or answer without ClickHouse (clickhouse-backup-api.md#clickhouse-down).
 */
export async function checkUsable(client: ApiConnection): Promise<void> {
  const { responses, label } = client;
  const answer = await ask(client);
  if (answer.status === 500 && isFromServer(answer)) {
    const error = clickHouseError(`ClickHouse behind ${label}`, responses.errorText(answer));
    if (error !== undefined) throw error;
  }
  responses.rows(path, answer, tableRow);
}

/** Asks the server, and finds out whether ClickHouse or the server is silent. */
async function ask(client: ApiConnection): Promise<HttpAnswer> {
  for (;;) {
    try {
      return await client.get(path, quickMs, { notWhenSilent: true });
    } catch (error) {
      if (!(error instanceof OperationTimeoutError)) throw error;
      // This call does not need ClickHouse: if it is not answered either, it throws that the server
      // does not answer.
      await client.get(runningPath, quickMs);
      // A short connect timeout was over before ClickHouse had its 30 s. It gets them now.
      const { cause } = error;
      if (cause instanceof TimeLimitError && cause.ms < quickMs) continue;
      throw new UnreachableError(
        `ClickHouse behind ${client.label} does not answer: the API answers, but ${path} got no answer within ${quickMs / 1000} s`,
        { hint: clickHouseHint, cause: error },
      );
    }
  }
}
