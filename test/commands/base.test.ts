import { describe, expect } from 'vitest';
import { type Harness, test, versions } from '../support/harness.js';

/** The queries of all uploads asked for, oldest first; an empty one is a full upload. */
const uploads = ({ simulator }: Harness) =>
  simulator.requests
    .filter(({ method, path }) => method === 'POST' && path.startsWith('/backup/upload/'))
    .map(({ path }) => decodeURIComponent(path.split('?')[1] ?? ''));

const created = (harness: Harness) => harness.requests(/^POST \/backup\/create/).length;

async function runSound(harness: Harness, command: string): Promise<string> {
  const { code, stderr } = await harness.run(command);
  expect(stderr).not.toContain('[WARNING]');
  expect(code).toBe(0);
  return harness.lastBackup ?? '';
}

describe.each(versions)('with a server %s', (version) => {
  test('a full and diffs are each made on the last one proven', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    const full = await runSound(harness, 'create-full');
    expect(full).toBe('FULL_CH_BK_2026-11-22_10-00-00');
    const first = await runSound(harness, 'create-diff');
    const second = await runSound(harness, 'create-diff');
    expect(first).toMatch(/^DIFF_CH_BK_2026-11-22_10-00-\d\d$/);
    expect(harness.simulator.remote.get(full)?.required).toBe('');
    expect(harness.simulator.remote.get(first)?.required).toBe(full);
    expect(harness.simulator.remote.get(second)?.required).toBe(first);
    expect(uploads(harness)).toEqual(['', `diff-from=${full}`, `diff-from=${first}`]);
    expect(harness.simulator.isWhole(second)).toBe(true);
    expect(harness.journal).toBeUndefined();
  });

  test('a normal diff asks for three lists, a full for two', async ({ harnessOf }) => {
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

  test('the first diff warns that a FULL should come first, and is a full', async ({
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

  test('a base whose local copy is gone is used only where that is safe', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    const full = await runSound(harness, 'create-full');
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
      expect(stderr).toMatch(/\[WARNING\] .*2\.7\.0.*uploaded as a full one/);
    }
    // What a restore would bring back is what is in the tables now.
    expect(diff?.tables).toEqual(
      new Map([...harness.simulator.tables].map(([name, { rows }]) => [name, rows])),
    );
  });

  test('a configuration that forbids the remote base: a full upload, with a warning', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version, uploadByPart: false });
    const full = await runSound(harness, 'create-full');
    harness.simulator.deleteBehind('local', full);
    const { code, stderr, stdout } = await harness.run('create-diff', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ base: null });
    const asked = version === '2.8.1' ? [`diff-from-remote=${full}`, ''] : [''];
    expect(uploads(harness).slice(1)).toEqual(asked);
    expect(stderr).toContain('this backup is uploaded as a full one');
    expect(stderr.includes('require `upload_by_part` equal true')).toBe(version === '2.8.1');
    expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
    expect(harness.journal).toBeUndefined();
    // The next one finds its base on the server.
    await runSound(harness, 'create-diff');
  });

  test("create's own retention may remove the local copy a moment before", async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version, keepLocal: 1 });
    const full = await runSound(harness, 'create-full');
    const { code } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(uploads(harness).at(-1)).toBe(version === '2.8.1' ? `diff-from-remote=${full}` : '');
    expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
  });

  test('a local copy of the base that is broken is not used', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    const full = await runSound(harness, 'create-full');
    harness.simulator.setBroken('local', full);
    const { code } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(uploads(harness).at(-1)).toBe(version === '2.8.1' ? `diff-from-remote=${full}` : '');
  });

  describe.for([
    {
      what: 'is gone from the remote storage',
      spoil: ({ simulator }: Harness, [, , base]: Names) => simulator.deleteBehind('remote', base),
      reason: ([, , base]: Names) => `${base} is not on the remote storage`,
    },
    {
      what: 'is broken there',
      spoil: ({ simulator }: Harness, [, , base]: Names) => simulator.setBroken('remote', base),
      reason: ([, , base]: Names) => `${base} is broken: broken (can't stat metadata.json)`,
    },
    {
      what: 'has a missing ancestor',
      spoil: ({ simulator }: Harness, [full]: Names) => simulator.deleteBehind('remote', full),
      reason: ([full, middle]: Names) =>
        `${full}, which ${middle} requires, is not on the remote storage`,
    },
    {
      what: 'has a broken ancestor',
      spoil: ({ simulator }: Harness, [, middle]: Names) => simulator.setBroken('remote', middle),
      reason: ([, middle]: Names) => `its base ${middle} is broken`,
    },
  ])('a base that $what', ({ spoil, reason }) => {
    async function spoiled(harness: Harness): Promise<Names> {
      const names: Names = [
        await runSound(harness, 'create-full'),
        await runSound(harness, 'create-diff'),
        await runSound(harness, 'create-diff'),
      ];
      // Sound, newer than all: still no base, since no last-backup file names it.
      harness.simulator.addBackup('remote', { name: 'SOMEBODY_ELSES' });
      harness.simulator.addBackup('local', { name: 'SOMEBODY_ELSES' });
      spoil(harness, names);
      return names;
    }

    test('is not used: a warning, and a full upload', async ({ harnessOf }) => {
      const harness = await harnessOf({ version });
      const names = await spoiled(harness);
      const { code, stderr, steps } = await harness.run('create-diff');
      expect(code).toBe(0);
      expect(stderr).toMatch(/\[WARNING\] .*uploaded as a full one/);
      expect(stderr).toContain(reason(names));
      expect(uploads(harness).at(-1)).toBe('');
      expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
      expect(names).not.toContain(harness.lastBackup);
      expect(steps.filter((step) => step === 'look-again-for-base')).toHaveLength(2);
    });

    test('with --without-base fail: exit 1, nothing created', async ({ harnessOf }) => {
      const harness = await harnessOf({ version });
      const names = await spoiled(harness);
      const { code, stderr } = await harness.run('create-diff', '--without-base', 'fail');
      expect(code).toBe(1);
      expect(stderr).toContain(reason(names));
      expect(stderr).toMatch(/::::\[ERROR\] .*nothing was created \(run create-full, or allow/);
      expect(created(harness)).toBe(3);
      expect(harness.lastBackup).toBe(names[2]);
      expect(harness.log).toContain(reason(names));
    });
  });

  test('a remote list that is empty: exit 1, nothing created', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    const full = await runSound(harness, 'create-full');
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

test('a storage that is back within a minute is only looked at again', async ({ harness }) => {
  const full = await runSound(harness, 'create-full');
  harness.simulator.storageDown = true;
  harness.later(30_000, () => (harness.simulator.storageDown = false));
  const { code } = await harness.run('create-diff');
  expect(code).toBe(0);
  expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toBe(full);
});

test('a backup of somebody else is no base, though it is newer and sound', async ({ harness }) => {
  const full = await runSound(harness, 'create-full');
  harness.simulator.addBackup('remote', { name: 'FULL_CH_BK_2026-11-22_12-00-00' });
  harness.simulator.addBackup('local', { name: 'FULL_CH_BK_2026-11-22_12-00-00' });
  const diff = await runSound(harness, 'create-diff');
  expect(harness.simulator.remote.get(diff)?.required).toBe(full);
});

test('a diff whose upload failed is no base', async ({ harness }) => {
  const full = await runSound(harness, 'create-full');
  harness.simulator.failNext('upload', 'disk full', { leavesBroken: true });
  expect((await harness.run('create-diff')).code).toBe(1);
  const diff = await runSound(harness, 'create-diff');
  expect(harness.simulator.remote.get(diff)?.required).toBe(full);
});

describe.for([
  { text: undefined, what: 'lost', problem: 'there is no last-backup file' },
  { text: '', what: 'empty', problem: '_last_backup is empty' },
  { text: ' \n\n', what: 'of blanks', problem: '_last_backup is empty' },
  { text: '../../etc/passwd', what: 'a path', problem: 'does not name a backup' },
  { text: 'two words', what: 'two words', problem: 'does not name a backup' },
  { text: 'a\nb', what: 'two lines', problem: 'does not name a backup' },
  { text: '--all', what: 'an option', problem: 'does not name a backup' },
  { text: '\u001B[2Jx', what: 'a terminal escape', problem: 'does not name a backup' },
  { text: '\0\0\0\0', what: 'the zeros of a crash', problem: 'does not name a backup' },
  { text: 'x'.repeat(70_000), what: 'very long', problem: 'does not name a backup' },
  { text: 'NO_SUCH_BACKUP', what: 'a name of nothing', problem: 'is not on the remote storage' },
])('a last-backup file that is $what', ({ text, problem }) => {
  async function spoiled(harness: Harness): Promise<void> {
    await runSound(harness, 'create-full');
    if (text === undefined) harness.removeFile(`.${harness.hostInFiles}_last_backup`);
    else harness.lastBackup = text;
  }

  test('a warning, a full upload, and a new file', async ({ harness }) => {
    await spoiled(harness);
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(0);
    expect(stderr).toMatch(/\[WARNING\] .*uploaded as a full one/);
    expect(stderr).toContain(problem);
    expect(stderr.length).toBeLessThan(2000);
    // oxlint-disable-next-line no-control-regex
    expect(stderr).not.toMatch(/[\u0000-\u0009\u001B]/);
    expect(uploads(harness)).toEqual(['', '']);
    expect(harness.lastBackup).toMatch(/^DIFF_CH_BK_/);
  });

  test('with --without-base fail: exit 1, nothing created', async ({ harness }) => {
    await spoiled(harness);
    const { code, stderr } = await harness.run('create-diff', '--without-base', 'fail');
    expect(code).toBe(1);
    expect(stderr).toContain(problem);
    expect(created(harness)).toBe(1);
  });
});

test('a last-backup file of the bash agent is used, with or without a line end', async ({
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
    const diff = await runSound(harness, 'create-diff');
    expect(harness.simulator.remote.get(diff)?.required).toBe(name);
    expect(harness.lastBackup).toBe(diff);
  }
});

describe('diff-from-remote by the version that the server tells', () => {
  test.for([
    { versionText: '2.6.44', version: '2.6.30', remote: false },
    { versionText: '2.7.0', version: '2.8.1', remote: true },
    { versionText: 'v2.10.1', version: '2.8.1', remote: true },
    { versionText: 'HEAD', version: '2.8.1', remote: true },
    { versionText: 'unknown', version: '2.6.30', remote: false },
  ] as const)('$versionText: $remote', async ({ versionText, version, remote }, { harnessOf }) => {
    const harness = await harnessOf({ version, versionText });
    const full = await runSound(harness, 'create-full');
    harness.simulator.deleteBehind('local', full);
    expect((await harness.run('create-diff')).code).toBe(0);
    expect(uploads(harness).at(-1)).toBe(remote ? `diff-from-remote=${full}` : '');
  });
});
