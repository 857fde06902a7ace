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

export interface OtherServer {
  /** What follows the host in the error. */
  predicate: string;
  hint: string;
}

/** Returns which other server has sent a response, if that can be told; `body` is not JSON then. */
export function otherServer(body: string): OtherServer | undefined {
  const name = otherServers.find(([pattern]) => pattern.test(body))?.[1];
  if (name === undefined) return undefined;
  const hint = 'the clickhouse-backup API listens on port 7171 by default';
  return { predicate: `is ${name}, not clickhouse-backup`, hint };
}

/** Seen with ClickHouse 18.16, whose texts later versions still have. */
const otherServers: readonly [RegExp, string][] = [
  [/^Port \d+ is for clickhouse-client program/, "ClickHouse's native port"],
  [/^(Ok\.\s*$|There is no handle \/|Code: \d+[.,])/, "ClickHouse's HTTP port"],
  [
    /^(Poco::Exception\. Code: \d|Client requires HTTP Basic auth)/,
    "ClickHouse's port for other replicas",
  ],
];

/**
 * Returns the title of an HTML or XML page, or its first heading, or ''; undefined if `body` is not a
 * page. Proxies and web sites send pages, clickhouse-backup never does.
 */
export function titleOfPage(body: string): string | undefined {
  const head = body.slice(0, headLength).trimStart();
  if (!/^<[!?a-z]/i.test(head)) return undefined;
  return /<(?:title|h1)\b[^>]*>([^<]*)/i.exec(head)?.[1]?.trim() ?? '';
}
