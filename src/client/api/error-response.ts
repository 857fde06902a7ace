import { errorAnswer } from './schemas.js';
import type { HttpAnswer } from '../../http/transport.js';

/** How many characters of a page are searched for its title. */
const headLength = 4096;

/**
 * Returns false for an error that a proxy sent, because clickhouse-backup's errors are JSON. The server
 * may have received the request anyway (clickhouse-backup-api.md#errors).
 */
export function isFromServer({ status, body }: HttpAnswer): boolean {
  if (status < 400) return true;
  try {
    readError(body);
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns the text of the server's error; throws if there is none. Reads only the first line, because
 * the response to a faulty configuration has two (clickhouse-backup-api.md#errors).
 */
export function readError(body: string): string {
  return errorAnswer.parse(JSON.parse(body.split('\n')[0] ?? '')).error;
}

/**
 * Returns the title of an HTML or XML page, or its first heading, or ''; undefined if `body` is not a
 * page. Proxies and web sites send pages, clickhouse-backup never does.
 */
export function titleOfPage(body: string): string | undefined {
  const head = body.slice(0, headLength).trimStart();
  if (!/^<[!?a-z]/i.test(head)) return undefined;
  return /<(?:title|h1)\b[^>]*>([^<]*)/i.exec(head)?.[1]?.trim() ?? '';
}
