/** A request as it arrives; `path` includes the query. */
export interface SimulatorRequest {
  method: string;
  path: string;
  headers: Record<string, string | undefined>;
  body: string;
}

/** An answer as the server writes it. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** An answer, or a connection that is cut without one; `refused`: it was never accepted. */
export type SimulatorReply = Answer | { dropped: true; refused?: true };

const successHeaders = {
  'content-type': 'application/json; charset=UTF-8',
  'cache-control': 'no-store, no-cache, must-revalidate',
};

/**
 * Answers with one JSON object per line; an empty list is zero bytes
 * (clickhouse-backup-api.md#answers).
 */
export function lines(status: number, rows: readonly string[]): Answer {
  return { status, headers: { ...successHeaders }, body: rows.map((row) => `${row}\n`).join('') };
}

export function json(status: number, body: Record<string, unknown>): Answer {
  return lines(status, [JSON.stringify(body)]);
}

/**
 * Answers with an error: JSON, but as text/plain, because headers are set too late
 * (clickhouse-backup-api.md#errors).
 */
export function failure(status: number, operation: string, error: string): Answer {
  const body = { status: 'error', operation: operation || undefined, error };
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: `${JSON.stringify(body)}\n`,
  };
}

export function plainText(contentType: string, body: string): Answer {
  return { status: 200, headers: { ...successHeaders, 'content-type': contentType }, body };
}

/** The answer without valid credentials (exchange "no credentials"). */
export const unauthorized: Answer = {
  status: 401,
  headers: {
    'content-type': 'text/plain; charset=utf-8',
    'www-authenticate': 'Basic realm="Provide username and password"',
  },
  body: '401 Unauthorized\n',
};

/** The answer of a proxy with a rate limit, not of clickhouse-backup. */
export const tooManyRequests: Answer = {
  status: 429,
  headers: { 'content-type': 'text/html', 'retry-after': '1' },
  body: '<html><head><title>429 Too Many Requests</title></head></html>\r\n',
};

/**
 * The text of the lock: 423, or 500 from `POST /backup/actions` (clickhouse-backup-api.md#lock).
 */
export const lockedText = 'another operation is currently running';
