import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { table } from './clickhouse-tables.js';
import { type ListeningSimulator, serve } from './http-server.js';
import { ManualClock } from './manual-clock.js';
import { comparable, type Exchange, recordedExchanges, send, waitsBefore } from './recording.js';
import { Simulator, type SimulatorVersion } from './simulator.js';

const resumed = 'actions after the process was started again: it resumes uploads';

/** Does what happened on the recorded server before an exchange, but was not recorded. */
function prepare(simulator: Simulator, { title }: Exchange, before: readonly Exchange[]): void {
  // The data of the increment: its row has a `compressed_size`.
  if (title === 'create DIFF_1') simulator.insertRows('shop.customers', 1);
  if (title === 'create FULL_1' && before.some((other) => other.title === title)) {
    simulator.local.clear();
    simulator.remote.clear();
    simulator.restart({ rows: 'gone', work: 'stops' });
  }
  if (title === resumed) simulator.restart({ rows: 'gone', work: 'stops' });
}

/** Ignores the order of remote backups, of which some were uploaded within the same second. */
function withoutRemoteOrder({ request, response }: Exchange): Exchange['response'] {
  if (request.path !== '/backup/list') return response;
  const lines = response.body.split('\n').filter(Boolean);
  const isRemote = (line: string) => line.includes('"location":"remote"');
  const remote = lines
    .filter(isRemote)
    .sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
  const local = lines.filter((line) => !isRemote(line));
  return { ...response, body: [...local, ...remote].join('\n') };
}

const nameOf = (line: string) => (JSON.parse(line) as { name: string }).name;

const versions: SimulatorVersion[] = ['2.4.0', '2.6.30', '2.7.0', '2.8.1'];

describe.each(versions)('the tables of backups on the simulator as %s', (version) => {
  const exchanges = recordedExchanges(`tables-${version}.json`);
  const clock = new ManualClock();
  const simulator = new Simulator({
    ...{ version, clock, username: 'backup', password: 'secret' },
    // The recorded server was a build with this number.
    ...(version === '2.8.1' && { versionText: version }),
    tables: new Map([
      ['shop.customers', table('MergeTree', 1021)],
      ['shop.lines', table('Log', 10)],
      ['shop.nothing_yet', table('MergeTree', 0)],
      ['shop.orders', table('MergeTree', 100_000)],
      ['shop.v', table('View', 0)],
    ]),
  });
  let server: ListeningSimulator;
  beforeAll(async () => {
    server = await serve(simulator);
  });
  afterAll(() => server.close());

  test('use a complete recording', () => {
    expect(exchanges).toHaveLength(34);
    expect(exchanges.filter(({ title }) => title === resumed)).toHaveLength(1);
  });

  // In order, because each exchange depends on the ones before it.
  test.each(exchanges.map((exchange, index) => ({ index, title: exchange.title, exchange })))(
    'exchange $index: $title',
    async ({ exchange, index }) => {
      if (waitsBefore(exchange, exchanges[index - 1])) clock.advance(60_000);
      prepare(simulator, exchange, exchanges.slice(0, index));
      if (exchange.title === resumed) clock.advance(60_000);
      const response = await send(server.url, exchange);
      const simulated = withoutRemoteOrder({ ...exchange, response });
      const recorded = withoutRemoteOrder(exchange);
      expect(comparable(exchange, simulated)).toEqual(comparable(exchange, recorded));
    },
  );

  test('end with a full backup that is complete, and with one that 2.8.1 alone completed', () => {
    expect(simulator.isWhole('FULL_1')).toBe(true);
    expect(simulator.isWhole('HOLLOW_1')).toBe(version === '2.8.1');
    expect(simulator.unknownRoutes).toEqual([]);
  });
});
