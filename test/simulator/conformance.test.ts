import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { table } from './clickhouse-tables.js';
import { type ListeningSimulator, serve } from './http-server.js';
import { ManualClock } from './manual-clock.js';
import { Simulator, type SimulatorVersion } from './simulator.js';
import { brokenRemoteText } from './storage.js';

interface Exchange {
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

/** Ignores the tables' contents, because the recorded servers shared one ClickHouse. */
function normalizedTable(line: string): unknown {
  const row = JSON.parse(line) as Record<string, unknown>;
  expect(row['TotalBytes']).toBeTypeOf('number');
  return Object.entries({ ...row, CreateTableQuery: 'QUERY', TotalBytes: 'SIZE' });
}

function normalizedBody(exchange: Exchange, body: string): unknown {
  const lines = body.split('\n');
  const { path } = exchange.request;
  // Ignores the list of routes. The first lines, with the version, are compared.
  if (path === '/') return lines.slice(0, lines.indexOf('/'));
  // Ignores the metrics' values. The recording contains only the server's own, in this order.
  if (path === '/metrics') return lines.filter(Boolean).map((line) => line.replace(/ .*/, ' N'));
  if (path.startsWith('/backup/tables')) return lines.filter(Boolean).map(normalizedTable);
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

function send(url: string, { request }: Exchange): Promise<Exchange['response']> {
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

function comparable(
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
function waitsBefore({ title }: Exchange, before: Exchange | undefined): boolean {
  if (['poll at once by name', 'status right after create'].includes(title)) return false;
  const hasStarted = before?.response.body.includes('"acknowledged"') ?? false;
  return hasStarted || title.endsWith('finished');
}

const versions: SimulatorVersion[] = ['2.4.0', '2.6.30', '2.8.1'];

describe.each(versions)('the simulator as %s', (version) => {
  const file = new URL(`../recordings/${version}.json`, import.meta.url);
  const { exchanges } = JSON.parse(readFileSync(file, 'utf8')) as { exchanges: Exchange[] };
  const clock = new ManualClock();
  const tables = new Map([
    ['shop.customers', table()],
    ['shop.orders', table('MergeTree', 100_000)],
  ]);
  // This table remained from a restore by the first recorded server.
  if (version !== '2.4.0') tables.set('shop_copy.customers', table());
  const simulator = new Simulator({
    ...{ version, clock, tables, username: 'backup', password: 'secret' },
    workMs: { list: 1900, delete: 1900, upload: 4000 },
  });
  let server: ListeningSimulator;
  beforeAll(async () => {
    server = await serve(simulator);
  });
  afterAll(() => server.close());

  test('uses a complete recording', () => {
    expect(exchanges).toHaveLength(91);
  });

  // In order, because each exchange depends on the ones before it.
  test.each(exchanges.map((exchange, index) => ({ index, title: exchange.title, exchange })))(
    'exchange $index: $title',
    async ({ exchange, index }) => {
      if (waitsBefore(exchange, exchanges[index - 1])) clock.advance(60_000);
      // HALF_1, a folder without metadata.json, was put on the storage manually.
      if (exchange.title === 'list/remote with a half upload') {
        simulator.addBackup('remote', { name: 'HALF_1' });
        simulator.setBroken('remote', 'HALF_1');
      }
      const response = await send(server.url, exchange);
      expect(comparable(exchange, response)).toEqual(comparable(exchange, exchange.response));
    },
  );

  test('received no request to an unknown route', () => {
    expect(simulator.unknownRoutes).toEqual([]);
  });
});
