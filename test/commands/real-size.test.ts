import stringWidth from 'string-width';
import { describe, expect } from 'vitest';
import { type Harness, test } from '../support/harness.js';
import { CapturedStream, typedInput } from '../support/streams.js';
import { addTwoWeeks } from '../support/two-weeks.js';
import { deletesAsked } from '../support/weeks.js';

// The clock of the tests starts on Sunday, 2026-11-22, at 10:00.
const fulls = [
  'FULL_CH_BK_2026-11-08_10-00-00',
  'FULL_CH_BK_2026-11-14_20-30-00',
  'FULL_CH_BK_2026-11-21_20-30-00',
];

/** Runs a command with a terminal of this width as stdout, and returns its lines. */
async function onTerminal(harness: Harness, columns: number, argv: string[]): Promise<string[]> {
  const stdout = new CapturedStream(true);
  stdout.columns = columns;
  harness.environment = { ...harness.environment, stdout };
  const [command = '', ...more] = argv;
  await harness.run(command, ...more, '--no-color');
  return stdout.text.trimEnd().split('\n');
}

const isRow = (line: string) => /^ +(?:└ )?(?:FULL|DIFF)_[\w-]+ +\d/.test(line);
const widest = (lines: string[]) => Math.max(...lines.map((line) => stringWidth(line)));

describe('list, with two weeks of the shipped schedule', () => {
  test.for([60, 80, 100, 140])(
    'has one line per backup, all on one level, on a terminal of %i columns',
    async (columns, { harness }) => {
      const added = addTwoWeeks(harness);
      expect(added).toHaveLength(333);
      harness.lastBackup = added.at(-1)?.name ?? '';
      const lines = await onTerminal(harness, columns, ['list', '--location', 'remote']);
      expect(widest(lines)).toBeLessThanOrEqual(columns);
      const rows = lines.filter(isRow);
      expect(rows.map((line) => line.trim().split(' ')[0])).toEqual(added.map(({ name }) => name));
      expect(rows.every((line) => /^ {2}\S/.test(line))).toBe(true);
      // The heading, the titles and a line per chain; at 60 columns, notes and sums take two lines.
      expect(lines).toHaveLength(columns === 60 ? 342 : 338);
    },
  );

  test('sums each chain up below it', async ({ harness }) => {
    addTwoWeeks(harness);
    const lines = await onTerminal(harness, 80, ['list', '--location', 'remote']);
    expect(lines.filter((line) => line.startsWith('  = '))).toEqual([
      `  = 154 increments in 6d 10h on ${fulls[0]}, 23.2 GiB stored`,
      `  = 165 increments in 6d 23h on ${fulls[1]}, 24.3 GiB stored`,
      `  = 11 increments in 13h 30m on ${fulls[2]}, 9.13 GiB stored`,
    ]);
    expect(lines.at(-1)).toBe(`  = 11 increments in 13h 30m on ${fulls[2]}, 9.13 GiB stored`);
    expect(lines.slice(0, 4)).toEqual([
      'remote: 333 backups',
      '  NAME                            AGE      DATA   UPLOAD     NOTES',
      `  ${fulls[0]}  14d      8 GiB  full`,
      '  DIFF_CH_BK_2026-11-08_11-00-00  13d 23h  8 GiB  increment',
    ]);
  });

  test('shows which DIFF was uploaded in full, and cuts nothing in a pipe', async ({ harness }) => {
    const added = addTwoWeeks(harness);
    const name = added[100]?.name ?? '';
    const diff = harness.simulator.remote.get(name);
    if (diff !== undefined) diff.required = '';
    harness.simulator.setBroken('remote', fulls[2] ?? '', `broken ${'x'.repeat(90)}`);
    harness.lastBackup = name;
    const { stdout } = await harness.run('list', '--location', 'remote');
    expect(stdout).toMatch(
      new RegExp(`^  ${name} .*  full       last backup; without a base$`, 'm'),
    );
    expect(stdout).toMatch(/ {2}broken x{90}$/m);
    expect(stdout.match(/without a base/g)).toHaveLength(1);
    expect(stdout).toContain(`= 54 increments in 2d 6h on ${name}`);
  });

  test('--last shows the newest backups with the full backup they need', async ({ harness }) => {
    const added = addTwoWeeks(harness);
    const last = added.at(-1)?.name ?? '';
    harness.simulator.addBackup('local', { name: last });
    const lines = await onTerminal(harness, 80, ['list', '--last', '2']);
    const rest = ' +8 GiB +increment';
    const expected = [
      String.raw`remote: 333 backups \(330 not shown\)`,
      ' +NAME .*',
      `  ${fulls[2]} +13h 30m +8 GiB +full`,
      '  … 9 increments not shown',
      `  DIFF_CH_BK_2026-11-22_09-00-00 +1h${rest}`,
      `  DIFF_CH_BK_2026-11-22_10-00-00 +0s${rest}`,
      `  = 11 increments in 13h 30m on ${fulls[2]}, .* stored`,
      'local: 1 backup',
      ' +NAME .*',
      `  ${last} .*`,
    ];
    expect(lines).toHaveLength(expected.length);
    for (const [at, line] of lines.entries()) {
      expect(line).toMatch(new RegExp(`^${expected[at]}$`));
    }
  });

  test('--last applies to JSON too, which counts what it omits', async ({ harness }) => {
    const added = addTwoWeeks(harness);
    const all = JSON.parse((await harness.run('list', '--json')).stdout) as {
      omitted: object;
      backups: { name: string }[];
    };
    expect(all.omitted).toEqual({ remote: 0, local: 0 });
    expect(all.backups.map(({ name }) => name)).toEqual(added.map(({ name }) => name));
    const { stdout } = await harness.run('list', '--last', '2', '--json');
    const some = JSON.parse(stdout) as typeof all;
    expect(some).toEqual({
      ...all,
      omitted: { remote: 331, local: 0 },
      backups: all.backups.slice(-2),
    });
    expect(some.backups[1]).toMatchObject({ fullBackup: fulls[2], chainLength: 12 });
  });

  test('--last counts backups with other names by the time the server shows, and no other entries', async ({
    harness,
  }) => {
    addTwoWeeks(harness);
    const createdMs = harness.clock.now() - 90 * 60_000;
    harness.simulator.addBackup('remote', { name: 'before-migration', createdMs });
    harness.simulator.addForeign('remote', 'pg_dumps');
    const { stdout } = await harness.run('list', '--location', 'remote', '--last', '3', '--json');
    const { backups } = JSON.parse(stdout) as { backups: { name: string }[] };
    expect(backups.map(({ name }) => name).sort()).toEqual([
      'DIFF_CH_BK_2026-11-22_09-00-00',
      'DIFF_CH_BK_2026-11-22_10-00-00',
      'before-migration',
    ]);
  });

  test.for(['0', '-1', '1.5', 'all', ''])('exits with 2 for --last %j', async (n, { harness }) => {
    const { code, stderr } = await harness.run('list', `--last=${n}`);
    expect(code).toBe(2);
    expect(stderr).toContain(`--last ${JSON.stringify(n)} is not a number of backups`);
    expect(harness.requests()).toEqual([]);
  });
});

test('a very long name and wide characters do not break the table', async ({ harness }) => {
  addTwoWeeks(harness);
  const long = `backup-${'x'.repeat(90)}`;
  harness.simulator.addBackup('remote', { name: long });
  harness.simulator.addBackup('remote', { name: 'バックアップ' });
  const lines = await onTerminal(harness, 80, ['list', '--location', 'remote']);
  const others = lines.filter((line) => !line.includes(long));
  expect(widest(others)).toBeLessThanOrEqual(80);
  expect(lines).toContain(`  ${long}`);
  const columnOf = (line = '') => stringWidth(line.slice(0, line.indexOf('8 ')));
  const wide = others.find((line) => line.includes('バック'));
  expect(wide).toMatch(/バックアップ +~0d +\d/);
  expect(stringWidth((wide ?? '').split('~')[0] ?? '')).toBe(34);
  expect(columnOf(others[2])).toBeGreaterThan(34);
});

describe('the plan of delete-remote, with two weeks of the shipped schedule', () => {
  test.for([60, 80, 100, 140])(
    'ends with what is deleted and its sum, on a terminal of %i columns',
    async (columns, { harness }) => {
      const added = addTwoWeeks(harness);
      const argv = ['delete-remote', '--keep', '100', '--dry-run'];
      const lines = await onTerminal(harness, columns, argv);
      expect(widest(lines)).toBeLessThanOrEqual(columns);
      expect(lines.slice(0, 3)).toEqual([
        'keep 178 (--verbose lists them):',
        '   78  required by backups that are kept',
        '  100  among the 100 newest',
      ]);
      const deleted = added.slice(0, 155).map(({ name }) => name);
      const shown = lines.slice(3, 3 + deleted.length);
      expect(shown.map((line) => line.split(/ +/).slice(0, 2))).toEqual(
        deleted.map((name) => ['delete', name]),
      );
      expect(
        lines
          .slice(3 + deleted.length)
          .join(' ')
          .replaceAll(/ +/g, ' '),
      ).toBe(`plan: keep 178, delete 155 remote backups of ${harness.host} and free 23.2 GiB`);
    },
  );

  test('names what is alone with its reason', async ({ harness }) => {
    addTwoWeeks(harness);
    harness.lastBackup = fulls[0] ?? '';
    harness.simulator.addForeign('remote', 'pg_dumps');
    const { stdout } = await harness.run('delete-remote', '--older-than', '13d', '--dry-run');
    const lines = stdout.split('\n');
    expect(lines.slice(0, 4)).toEqual([
      'keep 334 (--verbose lists them):',
      `    1  ${fulls[0]}: the last backup of a host`,
      '    1  pg_dumps: not a backup: only --name deletes it',
      '   23  required by backups that are kept',
    ]);
  });

  test('--verbose lists what is kept, before what is deleted', async ({ harness }) => {
    const added = addTwoWeeks(harness);
    const argv = ['delete-remote', '--keep', '100', '--dry-run', '--verbose'];
    const lines = await onTerminal(harness, 140, argv);
    expect(lines).toHaveLength(added.length + 1);
    const actions = lines.slice(0, -1).map((line) => line.split(' ')[0]);
    expect(actions.lastIndexOf('keep')).toBe(177);
    expect(actions.indexOf('delete')).toBe(178);
  });

  test('a list of 300 deletes ends with the sum and the question', async ({ harness }) => {
    addTwoWeeks(harness);
    const screen = new CapturedStream(true);
    harness.environment = { stdin: typedInput('no\n'), stderr: screen };
    const lines = await onTerminal(harness, 80, ['delete-remote', '--keep', '10']);
    expect(lines.filter((line) => line.startsWith('delete '))).toHaveLength(321);
    expect(lines.at(-1)).toMatch(/^plan: keep 12, delete 321 remote backups of .* and free /);
    expect(screen.text).toContain(
      `Delete 321 remote backups of ${harness.host} and free 47.4 GiB?`,
    );
    expect(deletesAsked(harness)).toEqual([]);
  });

  test('says "at least" if the size of some is not known, and nothing of local copies', async ({
    harness,
  }) => {
    addTwoWeeks(harness);
    harness.simulator.setBroken('remote', fulls[0] ?? '');
    harness.simulator.addBackup('local', { name: fulls[2] ?? '' });
    const remote = await harness.run('delete-remote', '--all', '--dry-run');
    expect(remote.stdout).toMatch(
      /delete 333 remote backups of \S+ and free at least 48\.\d GiB\n$/,
    );
    const local = await harness.run('delete-local', '--all', '--dry-run');
    expect(local.stdout).toMatch(/delete 1 local backup of \S+\n$/);
  });

  test('says nothing of bytes on servers that do not show what was uploaded', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version: '2.4.0' });
    addTwoWeeks(harness);
    const { stdout, stderr } = await harness.run('delete-remote', '--keep', '100', '--dry-run');
    expect(stdout).toMatch(/^plan: keep 178, delete 155 remote backups of \S+$/m);
    expect(stdout + stderr).not.toContain('free');
  });

  test('the JSON of a plan has every backup in the order of the list', async ({ harness }) => {
    const added = addTwoWeeks(harness);
    const argv = ['--keep', '100', '--dry-run', '--json'];
    const { plan } = JSON.parse((await harness.run('delete-remote', ...argv)).stdout) as {
      plan: { name: string; action: string; reason: string }[];
    };
    expect(plan.map(({ name }) => name)).toEqual(added.map(({ name }) => name));
    expect(plan[0]).toEqual({
      name: fulls[0],
      action: 'delete',
      reason: 'older than the 100 newest',
    });
    expect(plan[160]?.reason).toBe(`${added[161]?.name} requires it`);
  });
});
