import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { table } from './clickhouse-tables.js';
import { type ListeningSimulator, serve } from './http-server.js';
import { ManualClock } from './manual-clock.js';
import { comparable, recordedExchanges, send, waitsBefore } from './recording.js';
import { Simulator, type SimulatorVersion } from './simulator.js';

const versions: SimulatorVersion[] = ['2.4.0', '2.6.30', '2.8.1'];

describe.each(versions)('the simulator as %s', (version) => {
  const exchanges = recordedExchanges(`${version}.json`);
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
