import { describe, expect } from 'vitest';
import { type Harness, test, versions } from '../support/harness.js';

/** Returns the queries of all requested uploads, oldest first; a full upload has an empty one. */
const uploads = ({ simulator }: Harness) =>
  simulator.requests
    .filter(({ method, path }) => method === 'POST' && path.startsWith('/backup/upload/'))
    .map(({ path }) => decodeURIComponent(path.split('?')[1] ?? ''));

const created = (harness: Harness) => harness.requests(/^POST \/backup\/create/).length;

async function runWithoutWarnings(harness: Harness, command: string): Promise<string> {
  const { code, stderr } = await harness.run(command);
  expect(stderr).not.toContain('[WARNING]');
  expect(code).toBe(0);
  return harness.lastBackup ?? '';
}

describe.each(versions)('with a server %s', (version) => {
  test('bases each diff on the last verified backup', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    const full = await runWithoutWarnings(harness, 'create-full');
    expect(full).toBe('FULL_CH_BK_2026-11-22_10-00-00');
    const first = await runWithoutWarnings(harness, 'create-diff');
    const second = await runWithoutWarnings(harness, 'create-diff');
    expect(first).toMatch(/^DIFF_CH_BK_2026-11-22_10-00-\d\d$/);
    expect(harness.simulator.remote.get(full)?.required).toBe('');
    expect(harness.simulator.remote.get(first)?.required).toBe(full);
    expect(harness.simulator.remote.get(second)?.required).toBe(first);
    expect(uploads(harness)).toEqual(['', `diff-from=${full}`, `diff-from=${first}`]);
    expect(harness.simulator.isWhole(second)).toBe(true);
    expect(harness.journal).toBeUndefined();
  });

  test('requests three lists for a normal diff and two for a full', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    await harness.run('create-full');
    expect(harness.requests(/list/)).toEqual(['GET /backup/list/local', 'GET /backup/list/remote']);
    await harness.run('create-diff');
    expect(harness.requests(/list/).slice(2)).toEqual([
      'GET /backup/list',
      'GET /backup/list/local',
      'GET /backup/list/remote',
    ]);
  });

  test('uploads the first diff as a full, with a warning that a FULL should come first', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(stderr).toMatch(/\[WARNING\] .*recommended to create a FULL backup first/);
    expect(harness.lastBackup).toMatch(/^DIFF_/);
    expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toBe('');
    expect(uploads(harness)).toEqual(['']);
  });

  test('uses a base without a local copy only if the server version makes that safe', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    const full = await runWithoutWarnings(harness, 'create-full');
    harness.simulator.deleteBehind('local', full);
    harness.simulator.refillTable([...harness.simulator.tables.keys()][0] ?? '', 7);
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(0);
    const diff = harness.simulator.remote.get(harness.lastBackup ?? '');
    if (version === '2.8.1') {
      expect(uploads(harness).at(-1)).toBe(`diff-from-remote=${full}`);
      expect(diff?.required).toBe(full);
      expect(stderr).not.toContain('[WARNING]');
    } else {
      expect(uploads(harness).at(-1)).toBe('');
      expect(diff?.required).toBe('');
      expect(stderr).toMatch(/\[WARNING\] .*2\.7\.0.*uploaded in full/);
    }
    // A restore would return exactly the rows that are in the tables now.
    expect(diff?.tables).toEqual(
      new Map([...harness.simulator.tables].map(([name, { rows }]) => [name, rows])),
    );
  });

  test('uploads in full, with a warning, if the configuration forbids a remote base', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version, uploadByPart: false });
    const full = await runWithoutWarnings(harness, 'create-full');
    harness.simulator.deleteBehind('local', full);
    const { code, stderr, stdout } = await harness.run('create-diff', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ base: null });
    const requested = version === '2.8.1' ? [`diff-from-remote=${full}`, ''] : [''];
    expect(uploads(harness).slice(1)).toEqual(requested);
    expect(stderr).toContain('this backup is uploaded in full');
    expect(stderr.includes('require `upload_by_part` equal true')).toBe(version === '2.8.1');
    expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
    expect(harness.journal).toBeUndefined();
    // The next diff has a base with a local copy.
    await runWithoutWarnings(harness, 'create-diff');
  });

  test('works if the retention of create has just removed the local copy of the base', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version, keepLocal: 1 });
    const full = await runWithoutWarnings(harness, 'create-full');
    const { code } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(uploads(harness).at(-1)).toBe(version === '2.8.1' ? `diff-from-remote=${full}` : '');
    expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
  });

  test('does not use a broken local copy of the base', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    const full = await runWithoutWarnings(harness, 'create-full');
    harness.simulator.setBroken('local', full);
    const { code } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(uploads(harness).at(-1)).toBe(version === '2.8.1' ? `diff-from-remote=${full}` : '');
  });

  describe.for([
    {
      what: 'is missing from the remote storage',
      spoil: ({ simulator }: Harness, [, , base]: Names) => simulator.deleteBehind('remote', base),
      reason: ([, , base]: Names) => `${base} is not on the remote storage`,
    },
    {
      what: 'is broken on the remote storage',
      spoil: ({ simulator }: Harness, [, , base]: Names) => simulator.setBroken('remote', base),
      reason: ([, , base]: Names) => `${base} is broken: broken (can't stat metadata.json)`,
    },
    {
      what: 'has a missing ancestor',
      spoil: ({ simulator }: Harness, [full]: Names) => simulator.deleteBehind('remote', full),
      reason: ([full, middle]: Names) =>
        `backup ${full}, required by ${middle}, is not on the remote storage`,
    },
    {
      what: 'has a broken ancestor',
      spoil: ({ simulator }: Harness, [, middle]: Names) => simulator.setBroken('remote', middle),
      reason: ([, middle]: Names) => `its base ${middle} is broken`,
    },
  ])('a base that $what', ({ spoil, reason }) => {
    async function spoilBase(harness: Harness): Promise<Names> {
      const names: Names = [
        await runWithoutWarnings(harness, 'create-full'),
        await runWithoutWarnings(harness, 'create-diff'),
        await runWithoutWarnings(harness, 'create-diff'),
      ];
      // Ok and newer than all others, but not a base: it is not in the last-backup file.
      harness.simulator.addBackup('remote', { name: 'OTHER_CLIENT' });
      harness.simulator.addBackup('local', { name: 'OTHER_CLIENT' });
      spoil(harness, names);
      return names;
    }

    test('is not used: uploads in full, with a warning', async ({ harnessOf }) => {
      const harness = await harnessOf({ version });
      const names = await spoilBase(harness);
      const { code, stderr, steps } = await harness.run('create-diff');
      expect(code).toBe(0);
      expect(stderr).toMatch(/\[WARNING\] .*uploaded in full/);
      expect(stderr).toContain(reason(names));
      expect(uploads(harness).at(-1)).toBe('');
      expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
      expect(names).not.toContain(harness.lastBackup);
      expect(steps.filter((step) => step === 'retry-base')).toHaveLength(2);
    });

    test('exits with 1 before it creates anything with --without-base fail', async ({
      harnessOf,
    }) => {
      const harness = await harnessOf({ version });
      const names = await spoilBase(harness);
      const { code, stderr } = await harness.run('create-diff', '--without-base', 'fail');
      expect(code).toBe(1);
      expect(stderr).toContain(reason(names));
      expect(stderr).toMatch(/::::\[ERROR\] .*nothing was created \(run create-full, or allow/);
      expect(created(harness)).toBe(3);
      expect(harness.lastBackup).toBe(names[2]);
      expect(harness.log).toContain(reason(names));
    });
  });

  test('exits with 1 before it creates anything if the remote list is empty', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    const full = await runWithoutWarnings(harness, 'create-full');
    harness.simulator.storageDown = true;
    const startMs = harness.clock.elapsed();
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(1);
    expect(stderr).toMatch(/::::\[ERROR\] .*lists no backups.*create-full/);
    expect(harness.clock.elapsed() - startMs).toBeLessThanOrEqual(60_000);
    expect(harness.requests(/GET \/backup\/list$/)).toHaveLength(3);
    expect(created(harness)).toBe(1);
    expect(harness.lastBackup).toBe(full);
    expect(harness.journal).toBeUndefined();
  });
});

type Names = [full: string, middle: string, base: string];

test('continues with the diff if the storage is back within a minute', async ({ harness }) => {
  const full = await runWithoutWarnings(harness, 'create-full');
  harness.simulator.storageDown = true;
  harness.later(30_000, () => (harness.simulator.storageDown = false));
  const { code } = await harness.run('create-diff');
  expect(code).toBe(0);
  expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toBe(full);
});

test('does not use a newer backup of another client as the base', async ({ harness }) => {
  const full = await runWithoutWarnings(harness, 'create-full');
  harness.simulator.addBackup('remote', { name: 'FULL_CH_BK_2026-11-22_12-00-00' });
  harness.simulator.addBackup('local', { name: 'FULL_CH_BK_2026-11-22_12-00-00' });
  const diff = await runWithoutWarnings(harness, 'create-diff');
  expect(harness.simulator.remote.get(diff)?.required).toBe(full);
});

test('does not use a diff whose upload failed as the base', async ({ harness }) => {
  const full = await runWithoutWarnings(harness, 'create-full');
  harness.simulator.failNext('upload', 'disk full', { leavesBroken: true });
  expect((await harness.run('create-diff')).code).toBe(1);
  const diff = await runWithoutWarnings(harness, 'create-diff');
  expect(harness.simulator.remote.get(diff)?.required).toBe(full);
});

describe.for([
  { text: undefined, what: 'missing', problem: 'there is no last-backup file' },
  { text: '', what: 'empty', problem: '_last_backup is empty' },
  { text: ' \n\n', what: 'only white space', problem: '_last_backup is empty' },
  { text: '../../etc/passwd', what: 'a path', problem: 'does not name a backup' },
  { text: 'two words', what: 'two words', problem: 'does not name a backup' },
  { text: 'a\nb', what: 'two lines', problem: 'does not name a backup' },
  { text: '--all', what: 'an option', problem: 'does not name a backup' },
  { text: '\u001B[2Jx', what: 'a terminal escape', problem: 'does not name a backup' },
  { text: '\0\0\0\0', what: 'zero bytes left by a crash', problem: 'does not name a backup' },
  { text: 'x'.repeat(70_000), what: 'very long', problem: 'does not name a backup' },
  {
    text: 'NO_SUCH_BACKUP',
    what: 'the name of a missing backup',
    problem: 'is not on the remote storage',
  },
])('a last-backup file that is $what', ({ text, problem }) => {
  async function spoilFile(harness: Harness): Promise<void> {
    await runWithoutWarnings(harness, 'create-full');
    if (text === undefined) harness.removeFile(`.${harness.hostInFiles}_last_backup`);
    else harness.lastBackup = text;
  }

  test('uploads in full, with a warning, and replaces the file', async ({ harness }) => {
    await spoilFile(harness);
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(stderr).toMatch(/\[WARNING\] .*uploaded in full/);
    expect(stderr).toContain(problem);
    expect(stderr.length).toBeLessThan(2000);
    // oxlint-disable-next-line no-control-regex
    expect(stderr).not.toMatch(/[\u0000-\u0009\u001B]/);
    expect(uploads(harness)).toEqual(['', '']);
    expect(harness.lastBackup).toMatch(/^DIFF_CH_BK_/);
  });

  test('exits with 1 before it creates anything with --without-base fail', async ({ harness }) => {
    await spoilFile(harness);
    const { code, stderr } = await harness.run('create-diff', '--without-base', 'fail');
    expect(code).toBe(1);
    expect(stderr).toContain(problem);
    expect(created(harness)).toBe(1);
  });
});

test('uses a last-backup file of clickhouse-backup-agent, with or without a line break', async ({
  harness,
}) => {
  for (const [name, end] of [
    ['FULL_CH_BK_2026-11-21_20-30-00', ''],
    ['DIFF_CH_BK_2026-11-21_21-00-00', '\n'],
    ['DIFF_CH_BK_2026-11-21_22-00-00', '\r\n'],
  ]) {
    harness.simulator.addBackup('remote', { name: name ?? '' });
    harness.simulator.addBackup('local', { name: name ?? '' });
    harness.lastBackup = `${name}${end}`;
    const diff = await runWithoutWarnings(harness, 'create-diff');
    expect(harness.simulator.remote.get(diff)?.required).toBe(name);
    expect(harness.lastBackup).toBe(diff);
  }
});

describe('diff-from-remote, by the version that the server reports', () => {
  test.for([
    { versionText: '2.6.44', version: '2.6.30', remote: false },
    { versionText: '2.7.0', version: '2.8.1', remote: true },
    { versionText: 'v2.10.1', version: '2.8.1', remote: true },
    { versionText: 'HEAD', version: '2.8.1', remote: true },
    { versionText: 'unknown', version: '2.6.30', remote: false },
  ] as const)('$versionText: $remote', async ({ versionText, version, remote }, { harnessOf }) => {
    const harness = await harnessOf({ version, versionText });
    const full = await runWithoutWarnings(harness, 'create-full');
    harness.simulator.deleteBehind('local', full);
    expect((await harness.run('create-diff')).code).toBe(0);
    expect(uploads(harness).at(-1)).toBe(remote ? `diff-from-remote=${full}` : '');
  });
});
