import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { expect } from 'vitest';
import { brokenRemoteText } from './storage.js';

/** A request to a real server, and its answer. */
export interface Exchange {
  title: string;
  request: { method: string; path: string; auth: 'right' | 'wrong' | 'none'; body: string | null };
  response: { status: number; headers: Record<string, string>; body: string };
}

interface Comparable {
  status: number;
  contentType: string | undefined;
  authenticate: string | undefined;
  cacheControl: string | undefined;
  body: unknown;
}

/** Ignores the values of times, ids and sizes, but not their presence (test/recordings/README.md). */
function normalizedLine(line: string): unknown {
  if (!line.startsWith('{')) return line;
  const row = JSON.parse(line) as Record<string, unknown>;
  // The year 0001 is kept: it marks a broken backup.
  for (const key of ['created', 'start', 'finish']) {
    if (typeof row[key] === 'string' && !row[key].startsWith('0001')) {
      expect(row[key]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
      row[key] = 'TIME';
    }
  }
  for (const key of ['size', 'data_size', 'metadata_size', 'compressed_size']) {
    if (typeof row[key] === 'number' && row[key] > 0) row[key] = 'SIZE';
  }
  if (typeof row['operation_id'] === 'string') {
    expect(row['operation_id']).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    row['operation_id'] = 'ID';
  }
  // The order of the fields is compared too.
  return Object.entries(row);
}

/**
 * Ignores the tables' contents, because the recorded servers shared one ClickHouse, but not whether
 * there are any: an empty `size` means that the metadata could not be read.
 */
function normalizedTable(line: string): unknown {
  const row = JSON.parse(line) as Record<string, unknown>;
  for (const key of ['TotalBytes', 'total_bytes', 'parts']) {
    if (typeof row[key] === 'number' && row[key] > 0) row[key] = 'NUMBER';
  }
  if (row['CreateTableQuery']) row['CreateTableQuery'] = 'QUERY';
  if (typeof row['size'] === 'string' && !['', '0B'].includes(row['size'])) {
    expect(row['size']).toMatch(/^\d+\.\d\d[KMG]iB$/);
    row['size'] = 'SIZE';
  }
  return Object.entries(row);
}

const isOfSystem = (line: string) => line.startsWith('{"Database":"system",');

function normalizedBody(exchange: Exchange, body: string): unknown {
  const lines = body.split('\n');
  const { path } = exchange.request;
  // Ignores the list of routes. The first lines, with the version, are compared.
  if (path === '/') return lines.slice(0, lines.indexOf('/'));
  // Ignores the metrics' values. The recording contains only the server's own, in this order.
  if (path === '/metrics') return lines.filter(Boolean).map((line) => line.replace(/ .*/, ' N'));
  if (path.startsWith('/backup/tables')) {
    // Ignores the tables of the database `system`, which the simulator does not have.
    return lines.filter((line) => line && !isOfSystem(line)).map(normalizedTable);
  }
  // Ignores a running upload, which is listed as broken or not listed yet.
  if (exchange.title === 'list/remote while uploading') {
    return lines.filter((line) => !line.includes(brokenRemoteText)).map(normalizedLine);
  }
  const rows = lines.map(normalizedLine);
  // Ignores whether a row had already ended at the first poll. Here it is always in progress.
  if (['poll at once by name', 'status right after create'].includes(exchange.title)) {
    return JSON.parse(
      JSON.stringify(rows).replace('["status","success"]', '["status","in progress"]'),
    );
  }
  return rows;
}

const authorizations = {
  right: { authorization: `Basic ${btoa('backup:secret')}` },
  wrong: { authorization: `Basic ${btoa('backup:guess')}` },
  none: {},
};

/** Sends the request of an exchange to a simulator. */
export function send(url: string, { request }: Exchange): Promise<Exchange['response']> {
  return new Promise((resolve, reject) => {
    const { method, path, auth, body } = request;
    const sent = httpRequest(url + path, { method, headers: authorizations[auth] }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => {
        const headers = response.headers as Record<string, string>;
        resolve({ status: response.statusCode ?? 0, headers, body: text });
      });
    });
    sent.on('error', reject);
    sent.end(body ?? undefined);
  });
}

/** Returns what has to be equal in a recorded and a simulated answer. */
export function comparable(
  exchange: Exchange,
  { status, headers, body }: Exchange['response'],
): Comparable {
  return {
    status,
    contentType: headers['content-type'],
    authenticate: headers['www-authenticate'],
    cacheControl: headers['cache-control'],
    body: normalizedBody(exchange, body),
  };
}

/** True if the recorder polled before this exchange until nothing was in progress. */
export function waitsBefore({ title }: Exchange, before: Exchange | undefined): boolean {
  if (['poll at once by name', 'status right after create'].includes(title)) return false;
  const hasStarted = before?.response.body.includes('"acknowledged"') ?? false;
  return hasStarted || title.endsWith('finished');
}

/** Returns the exchanges of a file in test/recordings. */
export function recordedExchanges(file: string): Exchange[] {
  const text = readFileSync(new URL(`../recordings/${file}`, import.meta.url), 'utf8');
  return (JSON.parse(text) as { exchanges: Exchange[] }).exchanges;
}
