import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { hasFlock, type ProgramBench, test } from '../support/program.js';
import { secret } from '../support/harness.js';

const hour = 3_600_000;

/** Runs a command in this time zone; undefined: TZ is not set. */
function runIn(bench: ProgramBench, tz: string | undefined, command: string, ...more: string[]) {
  const argv = [command, bench.host, 'rlAPIuser', secret, ...more];
  return bench.startRaw(argv, { env: { TZ: tz } }).ended;
}

interface Listed {
  backups: { name: string; createdAt: string }[];
}

async function agesIn(bench: ProgramBench, tz: string, nowMs: number): Promise<number[]> {
  const { stdout } = await runIn(bench, tz, 'list', '--location', 'remote', '--json');
  const { backups } = JSON.parse(stdout) as Listed;
  return backups.map(({ createdAt }) => nowMs - Date.parse(createdAt));
}

describe.skipIf(!hasFlock)('a backup that was created in one time zone (needs flock)', () => {
  test('has the same age in every other', async ({ bench }) => {
    const startMs = Date.now();
    const { code } = await runIn(bench, 'Pacific/Kiritimati', 'create-full');
    expect(code).toBe(0);
    for (const tz of ['Pacific/Kiritimati', 'UTC', 'America/Los_Angeles']) {
      const [ageMs = NaN] = await agesIn(bench, tz, Date.now());
      expect(ageMs).toBeGreaterThan(0);
      expect(ageMs).toBeLessThan(Date.now() - startMs + 1000);
    }
  });

  test('is as old for delete-remote in every other', async ({ bench }) => {
    // Read as local time in Kiritimati, this name would be 24 hours older.
    expect((await runIn(bench, 'Pacific/Pago_Pago', 'create-full')).code).toBe(0);
    const select = ['--older-than', '12h', '--dry-run', '--json'];
    const { stdout } = await runIn(bench, 'Pacific/Kiritimati', 'delete-remote', ...select);
    const { plan } = JSON.parse(stdout) as { plan: { action: string; reason: string }[] };
    expect(plan).toEqual([
      {
        name: bench.file('last_backup'),
        action: 'keep',
        reason: expect.stringMatching(/^only \d+s old$/) as string,
      },
    ]);
    const names = readFileSync(path.join(bench.logDir, '.given_names'), 'utf8');
    expect(names).toMatch(/^FULL_CH_BK_\S+ \d{10}\n$/);
  });
});

describe('a name without a recorded time', () => {
  const name = 'FULL_CH_BK_2026-07-01_12-00-00';
  test.for([
    ['UTC', '2026-07-01T12:00:00.000Z'],
    ['Europe/Berlin', '2026-07-01T10:00:00.000Z'],
    [':Europe/Berlin', '2026-07-01T10:00:00.000Z'],
    // Node would use the standard time of these two all year.
    ['/usr/share/zoneinfo/Europe/Berlin', '2026-07-01T10:00:00.000Z'],
    [':/usr/share/zoneinfo/posix/Europe/Berlin', '2026-07-01T10:00:00.000Z'],
    ['EST5EDT', '2026-07-01T16:00:00.000Z'],
    ['MSK-3', '2026-07-01T09:00:00.000Z'],
    ['GMT+3', '2026-07-01T15:00:00.000Z'],
    ['UTC0', '2026-07-01T12:00:00.000Z'],
    ['', '2026-07-01T12:00:00.000Z'],
  ] as const)('is read as local time of TZ=%s', async ([tz, createdAt], { bench }) => {
    bench.simulator.addBackup('remote', { name });
    const { code, stdout, stderr } = await runIn(bench, tz, 'list', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect((JSON.parse(stdout) as Listed).backups).toMatchObject([{ name, createdAt }]);
  });

  test.for([':/etc/localtime', '/etc/localtime', 'localtime'])(
    'is read in the time zone of this machine with TZ=%s',
    async (tz, { bench }) => {
      bench.simulator.addBackup('remote', { name });
      const [unset, set] = [
        await runIn(bench, undefined, 'list', '--json'),
        await runIn(bench, tz, 'list', '--json'),
      ];
      expect(set).toEqual(unset);
      expect(set.code).toBe(0);
    },
  );
});

test('--keep keeps the later of two backups when clocks have gone back between them', async ({
  bench,
}) => {
  const [before, after] = ['FULL_CH_BK_2026-10-25_02-45-00', 'FULL_CH_BK_2026-10-25_02-15-00'];
  const beforeMs = Date.parse('2026-10-25T00:45:00Z');
  const lines = [`${before} ${beforeMs / 1000}`, `${after} ${(beforeMs + hour / 2) / 1000}`];
  bench.writeFile('.given_names', `${lines.join('\n')}\n`);
  bench.simulator.addBackup('remote', { name: before, uploadedMs: beforeMs });
  bench.simulator.addBackup('remote', { name: after, uploadedMs: beforeMs + hour });
  const select = ['--keep', '1', '--dry-run', '--json'];
  const { stdout } = await runIn(bench, 'Europe/Berlin', 'delete-remote', ...select);
  expect((JSON.parse(stdout) as { plan: unknown[] }).plan).toMatchObject([
    { name: before, action: 'delete' },
    { name: after, action: 'keep' },
  ]);
});

test.for([
  ['Mars/Olympus', 'write the name of a zone, such as Europe/Berlin or UTC'],
  ['europe/berlin', 'write TZ=Europe/Berlin'],
  ['PST', 'write the name of a zone, such as Europe/Berlin or UTC'],
  ['/etc/no-such-zone', 'write the name of a zone, such as Europe/Berlin or UTC'],
] as const)('TZ=%s, which Node ignores, is an error of usage', async ([tz, hint], { bench }) => {
  for (const command of ['create-full', 'list']) {
    const { code, stdout, stderr } = await runIn(bench, tz, command);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const problem = `TZ ${JSON.stringify(tz)} is not a time zone that Node.js knows (${hint})\n`;
    expect(stderr).toMatch(/^[^\n]*\[ERROR\] [^\n]*\n$/);
    expect(stderr.endsWith(problem)).toBe(true);
  }
  expect(bench.simulator.requests).toEqual([]);
  const help = await bench.startRaw(['--help'], { env: { TZ: tz } }).ended;
  expect(help.code).toBe(0);
});

test.for(['AST4ADT', '<+07>-7', 'CET-1CEST,M3.5.0,M10.5.0/3'])(
  'TZ=%s, a rule that Node does not know, is a warning',
  async (tz, { bench }) => {
    const { code, stderr } = await runIn(bench, tz, 'create-full');
    expect(code).toBe(0);
    expect(stderr).toContain(
      `[WARNING] Node.js does not know the time zone rule TZ=${JSON.stringify(tz)}`,
    );
  },
);
