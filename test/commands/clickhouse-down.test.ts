import { describe, expect } from 'vitest';
import { type Harness, type Result, test, versions } from '../support/harness.js';
import { full1 } from '../support/weeks.js';

const second = 1000;
const minute = 60 * second;

const lists = (harness: Harness) => harness.requests(/^GET \/backup\/list/);
const posts = (harness: Harness) => harness.requests(/^POST/);

/** All commands that need ClickHouse. */
const commands: Record<string, (harness: Harness) => Promise<Result>> = {
  'create-full': (harness) => harness.run('create-full'),
  'create-diff': (harness) => harness.run('create-diff'),
  list: (harness) => harness.run('list'),
  'delete-remote': (harness) => harness.run('delete-remote', '--keep', '1', '--yes'),
  'delete-remote --broken': (harness) => harness.run('delete-remote', '--broken', '--yes'),
  'delete-local': (harness) => harness.run('delete-local', '--all', '--yes'),
  'restore-table': (harness) => {
    const connection = [harness.host, 'rlAPIuser', harness.password];
    return harness.startRaw(['restore-table', full1, 'shop.orders', ...connection]).done;
  },
};

async function timed(harness: Harness, run: Promise<Result>) {
  const startMs = harness.clock.elapsed();
  const result = await run;
  return { ...result, tookMs: harness.clock.elapsed() - startMs };
}

describe.each(versions)('ClickHouse behind a server %s', (version) => {
  describe.each(Object.entries(commands))('%s', (_, command) => {
    test('exits with 13 within a minute if ClickHouse refuses connections, lists and changes nothing', async ({
      harnessOf,
    }) => {
      const harness = await harnessOf({ version });
      harness.simulator.clickHouseDown = true;
      const { code, stderr, tookMs } = await timed(harness, command(harness));
      expect(code).toBe(13);
      expect(tookMs).toBeCloseTo(version === '2.4.0' ? 0 : 30 * second);
      expect(stderr).toContain(`ClickHouse behind ${harness.host} does not answer: `);
      expect(stderr).toContain('(check that ClickHouse is running, and the clickhouse.* settings');
      if (version === '2.4.0') expect(stderr).toContain('connect: connection refused');
      expect([lists(harness), posts(harness)]).toEqual([[], []]);
      expect(harness.simulator.actions).toEqual([]);
    });

    test('exits with 13 after 30 seconds if ClickHouse accepts connections and does not respond', async ({
      harnessOf,
    }) => {
      const harness = await harnessOf({ version });
      harness.simulator.hang = true;
      const { code, stderr, tookMs } = await timed(harness, command(harness));
      expect(code).toBe(13);
      expect(tookMs).toBeCloseTo(30 * second);
      expect(stderr).toContain(
        `ClickHouse behind ${harness.host} does not answer: the API answers, but`,
      );
      expect([lists(harness), posts(harness)]).toEqual([[], []]);
    });
  });

  test('checks ClickHouse before it recovers an interrupted run', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    const journal = '{"kind":"FULL","backup":"FULL_CH_BK_2026-11-22_09-00-00","base":"",';
    const rest = '"phase":"upload","startedAt":"2026-11-22 09:00:00","lastBackup":""}';
    harness.writeFile(`.${harness.hostInFiles}_run.json`, journal + rest);
    harness.simulator.clickHouseDown = true;
    expect((await harness.run('create-diff')).code).toBe(13);
    expect(harness.journal).toBe(journal + rest);
  });

  test('checks ClickHouse once per run', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    expect((await harness.run('create-full')).code).toBe(0);
    expect(harness.requests(/nosuch/)).toHaveLength(1);
    expect(harness.requests()[0]).toBe('GET /backup/tables?table=nosuch.nosuch');
  });
});

describe('the check of ClickHouse', () => {
  const answer = (text: string) => ({
    status: 500,
    body: `${JSON.stringify({ status: 'error', operation: 'tables', error: text })}\n`,
  });

  test('reports the error that ClickHouse returned', async ({ harness }) => {
    const text = "can't get tables: code: 241, message: Memory limit exceeded";
    harness.simulator.answerNext({ path: /nosuch/ }, answer(text));
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(13);
    expect(stderr).toContain(`ClickHouse behind ${harness.host} returned an error: ${text}`);
  });

  test('does not blame ClickHouse for a faulty configuration', async ({ harness }) => {
    harness.simulator.answerNext({ path: /nosuch/ }, answer('yaml: line 3: found tab'));
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(stderr).toContain('with 500: yaml: line 3: found tab');
  });

  test.for([
    { status: 200, words: 'unexpected response from HOST to /backup/tables?table=nosuch.nosuch' },
    { status: 500, words: 'HOST answered /backup/tables?table=nosuch.nosuch with 500' },
  ])('exits with 1 for a page with status $status', async ({ status, words }, { harness }) => {
    harness.simulator.answerNext({ path: /nosuch/ }, { status, body: '<html>hello</html>' });
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(stderr).toContain(words.replace('HOST', harness.host));
  });

  test('is repeated if a proxy cannot reach the server', async ({ harness }) => {
    for (const status of [502, 503, 504]) {
      harness.simulator.answerNext({ path: /nosuch/ }, { status, body: '<html>' });
    }
    expect((await harness.run('create-full')).code).toBe(0);
  });

  test('does not blame ClickHouse if the server itself does not respond', async ({ harness }) => {
    const answers = harness.simulator.neverAnswer({ path: /./ });
    const { code, stderr, tookMs } = await timed(harness, harness.run('create-full'));
    expect(code).toBe(13);
    expect(tookMs).toBeCloseTo(minute);
    expect(stderr).toMatch(/\[ERROR\] 127\.0\.0\.1:\d+ does not answer: no answer within 30 s/);
    answers();
  });
});

describe.each(['2.6.30', '2.8.1'] as const)(
  'ClickHouse fails during a run, with a server %s',
  (version) => {
    test.for(['0', '6h'])(
      'exits with 13 once the hanging list has had ten minutes, --wait %s',
      async (wait, { harnessOf }) => {
        const harness = await harnessOf({ version });
        harness.when('kind', () => (harness.simulator.clickHouseDown = true));
        const run = harness.run('create-full', '--wait', wait);
        const { code, stderr, tookMs } = await timed(harness, run);
        expect(code).toBe(13);
        expect(tookMs).toBeCloseTo(10.5 * minute);
        expect(stderr).toContain(`ClickHouse behind ${harness.host} does not answer`);
        expect(lists(harness)).toHaveLength(1);
        expect(posts(harness)).toEqual([]);
      },
    );

    test('exits with 13 after the upload and keeps the journal; the next run records the backup', async ({
      harnessOf,
    }) => {
      const harness = await harnessOf({ version });
      harness.when('verify-upload', () => (harness.simulator.clickHouseDown = true));
      expect((await harness.run('create-full')).code).toBe(13);
      expect(harness.journal).toContain('"phase":"upload"');
      harness.simulator.clickHouseDown = false;
      const next = await harness.run('create-diff');
      expect(next.code).toBe(0);
      expect(next.stderr).toMatch(/FULL_\S+ of the previous run is complete/);
    });

    test('continues the run if ClickHouse is back before the second attempt', async ({
      harnessOf,
    }) => {
      const harness = await harnessOf({ version });
      harness.when('kind', () => (harness.simulator.clickHouseDown = true));
      harness.later(10.2 * minute, () => (harness.simulator.clickHouseDown = false));
      const { code, tookMs } = await timed(harness, harness.run('create-full', '--wait', '0'));
      expect(code).toBe(0);
      expect(tookMs).toBeLessThan(11 * minute);
    });
  },
);

describe.each(versions)('a remote storage that does not respond, with a server %s', (version) => {
  test.for(['0', '6h'])(
    'exits with 14, not 11, after two lists of ten minutes, --wait %s',
    async (wait, { harnessOf }) => {
      const harness = await harnessOf({ version });
      harness.simulator.listsHang = true;
      const run = harness.run('create-diff', '--wait', wait);
      const { code, stderr, tookMs } = await timed(harness, run);
      expect(code).toBe(14);
      expect(tookMs).toBeCloseTo(20 * minute);
      expect(stderr).toMatch(/\[ERROR\] 127\S+ did not answer \/backup\/list within 10 minutes/);
      // The next run finds both lists of the first run and does not know how old the last one is.
      const next = await timed(harness, harness.run('create-diff', '--wait', wait));
      expect([next.code, Math.round(next.tookMs / minute)]).toEqual([14, wait === '0' ? 20 : 30]);
    },
  );

  test('does not end the run if it responds again', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    harness.simulator.listsHang = true;
    harness.later(15 * minute, () => (harness.simulator.listsHang = false));
    expect((await harness.run('create-diff', '--wait', '0')).code).toBe(0);
  });
});
