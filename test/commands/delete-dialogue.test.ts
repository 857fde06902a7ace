import { stripVTControlCharacters } from 'node:util';
import { describe, expect } from 'vitest';
import { beforeRequest } from '../support/before-request.js';
import { type Harness, test, versions } from '../support/harness.js';
import { CapturedStream, typedInput } from '../support/streams.js';
import {
  addWeeks,
  deletesAsked,
  diff2,
  diff3,
  diff6,
  full1,
  full5,
  namesAt,
  own,
  weeks,
} from '../support/weeks.js';

const names = weeks.map(({ name }) => name);
const keepTwo = ['--keep', '2'];

/** Simulates a person who types this text at a terminal. */
function type(harness: Harness, text: string): CapturedStream {
  const stderr = new CapturedStream(true);
  harness.environment = { ...harness.environment, stdin: typedInput(text), stderr };
  return stderr;
}

describe.each(versions)('with a server %s', (version) => {
  test('prints the plan and exits with 2 without a terminal and --yes', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    harness.lastBackup = diff6;
    const { code, stdout, stderr } = await harness.run('delete-remote', '--all');
    expect(code).toBe(2);
    expect(stdout.match(/^delete /gm)).toHaveLength(6);
    expect(stderr).toMatch(/\[ERROR\] nothing was deleted: cannot ask .*--yes/);
    expect(deletesAsked(harness)).toEqual([]);
    expect(harness.lastBackup).toBe(diff6);
  });

  test('deletes after the plan and a typed yes', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    addWeeks(harness);
    const screen = type(harness, 'yes\n');
    const { code, stdout } = await harness.run('delete-remote', ...keepTwo);
    expect(code).toBe(0);
    expect(stdout.match(/^delete /gm)).toHaveLength(3);
    // Only the metadata of the two increments was uploaded: nothing had changed.
    const freed = version === '2.4.0' ? '' : ' and free 8.1 MiB';
    expect(screen.text).toContain(
      `Delete 3 remote backups of ${harness.host}${freed}? Type 'yes' to continue: `,
    );
    expect(namesAt(harness, 'remote')).toEqual([own, full5, diff6]);
  });
});

test.for(['no\n', 'y\n', '\n', 'yes please\n', 'да\n'])(
  'deletes nothing and exits with 1 after a typed %j',
  async (answer, { harness }) => {
    addWeeks(harness);
    const screen = type(harness, answer);
    const { code } = await harness.run('delete-remote', ...keepTwo);
    expect(code).toBe(1);
    expect(screen.text).toContain('nothing was deleted: the answer was not yes');
    expect(deletesAsked(harness)).toEqual([]);
    expect(harness.log).not.toContain('started');
  },
);

test('deletes nothing if the input ends without an answer', async ({ harness }) => {
  addWeeks(harness);
  const screen = type(harness, '');
  const stdin = harness.environment.stdin as ReturnType<typeof typedInput>;
  beforeRequest(harness, /list/, () => void stdin.end());
  const { code } = await harness.run('delete-remote', ...keepTwo);
  expect(code).toBe(1);
  expect(stripVTControlCharacters(screen.text)).toMatch(
    /to continue: \n::::\[ERROR\] nothing was deleted: the answer was not yes\n$/,
  );
  expect(deletesAsked(harness)).toEqual([]);
});

test('deletes nothing and exits with 130 if the question is answered with Ctrl-C', async ({
  harness,
}) => {
  addWeeks(harness);
  const screen = type(harness, '');
  const running = harness.start('delete-remote', ...keepTwo);
  const watcher = setInterval(() => {
    if (!screen.text.includes('to continue: ')) return;
    clearInterval(watcher);
    running.signal('SIGINT');
  }, 5);
  expect((await running.done).code).toBe(130);
  expect(stripVTControlCharacters(screen.text)).toMatch(
    /to continue: \n::::\[ERROR\] stopped by SIGINT; nothing was deleted\n$/,
  );
  expect(deletesAsked(harness)).toEqual([]);
});

test('says that nothing was deleted if a signal comes while the list is read', async ({
  harness,
}) => {
  addWeeks(harness);
  const answer = harness.simulator.neverAnswer({ path: /list/ });
  const running = harness.start('delete-remote', ...keepTwo);
  harness.later(1000, () => running.signal('SIGTERM'));
  const { code, stderr } = await running.done;
  answer();
  expect([code, stderr]).toEqual([
    143,
    expect.stringContaining('stopped by SIGTERM; nothing was deleted'),
  ]);
});

test('says that the server may be working if a signal comes during a delete', async ({
  harness,
}) => {
  addWeeks(harness);
  const running = harness.start('delete-remote', ...keepTwo, '--yes');
  const answer = harness.simulator.neverAnswer({ path: /delete/ });
  harness.later(60_000, () => running.signal('SIGINT'));
  const { code, stderr } = await running.done;
  answer();
  expect([code, stderr]).toEqual([
    130,
    expect.stringContaining('stopped by SIGINT; the server may still be working'),
  ]);
});

test('does not ask with --json, because the plan was not shown', async ({ harness }) => {
  addWeeks(harness);
  type(harness, 'yes\n');
  const { code, stdout } = await harness.run('delete-remote', ...keepTwo, '--json');
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ plan: { length: 6 }, deleted: [], failed: [] });
  expect(deletesAsked(harness)).toEqual([]);
});

test('shows a progress bar on a terminal only, and not with --quiet', async ({ harness }) => {
  addWeeks(harness);
  addWeeks(harness, 'local');
  const screen = type(harness, '');
  expect((await harness.run('delete-remote', '--all', '--yes')).code).toBe(0);
  const shown = stripVTControlCharacters(screen.text);
  expect(shown).toMatch(new RegExp(`-{20} 0/6 ${diff6}`));
  expect(shown).toMatch(new RegExp(`[^=]={17}-{3} 5/6 ${own}`));
  expect(shown).toContain('[INFO] deleted 6 remote backups');
  addWeeks(harness);
  const quiet = type(harness, '');
  await harness.run('delete-remote', '--all', '--yes', '--quiet');
  expect(quiet.text).not.toMatch(/-{5}|={5}/);
  harness.environment = {};
  const { stderr } = await harness.run('delete-local', '--all', '--yes');
  expect(stderr).not.toMatch(/-{5}|={5}/);
  expect(namesAt(harness, 'local')).toEqual([]);
});

test('prints a failure on its own line, not into the progress bar', async ({ harness }) => {
  addWeeks(harness);
  harness.simulator.failNext('delete', '550 no');
  const screen = type(harness, '');
  expect((await harness.run('delete-remote', '--all', '--yes', '--no-color')).code).toBe(3);
  const line = `[WARNING] backup ${diff6} was not deleted: 550 no\n`;
  // The progress bar that was drawn before has ended.
  const before = screen.text.slice(0, screen.text.indexOf(line));
  expect(screen.text).toContain(line);
  expect(before).toMatch(/(?:\?2026l|\n)$/);
});

describe('--json', () => {
  test('prints the plan and the result as one object', async ({ harness }) => {
    addWeeks(harness);
    harness.simulator.failNext('delete', '550 no');
    const { code, stdout, stderr } = await harness.run(
      ...(['delete-remote', '--keep', '2', '--yes', '--json'] as const),
    );
    expect(code).toBe(1);
    const answer = JSON.parse(stdout) as Record<string, unknown>;
    expect(answer).toEqual({
      command: 'delete-remote',
      host: harness.host,
      dryRun: false,
      plan: [
        { name: full1, action: 'delete', reason: 'older than the 2 newest' },
        { name: diff2, action: 'delete', reason: 'older than the 2 newest' },
        { name: diff3, action: 'delete', reason: 'older than the 2 newest' },
        { name: own, action: 'keep', reason: 'not created by chbackup' },
        { name: full5, action: 'keep', reason: 'one of the 2 newest' },
        { name: diff6, action: 'keep', reason: 'one of the 2 newest' },
      ],
      deleted: [],
      failed: [
        { name: diff3, reason: '550 no' },
        { name: diff2, reason: `kept because ${diff3} was not deleted and may require it` },
        { name: full1, reason: `kept because ${diff3} was not deleted and may require it` },
      ],
    });
    const lines = stderr.trim().split('\n');
    const messages = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(messages.at(-1)).toMatchObject({ level: 'error', exitCode: 1 });
  });

  test('prints the plan of a dry run', async ({ harness }) => {
    addWeeks(harness, 'local');
    const { code, stdout, stderr } = await harness.run(
      ...(['delete-local', '--name', own, '--dry-run', '--json'] as const),
    );
    expect(code).toBe(0);
    expect(stderr).toBe('');
    const answer = { command: 'delete-local', dryRun: true, deleted: [], failed: [] };
    expect(JSON.parse(stdout)).toMatchObject(answer);
  });
});

describe('changes between the displayed plan and the lock', () => {
  test('keeps the chain of an increment that was uploaded meanwhile, with a message', async ({
    harness,
  }) => {
    addWeeks(harness);
    const late = 'DIFF_CH_BK_2026-11-21_20-30-00';
    beforeRequest(
      harness,
      /list\/remote/,
      () => void harness.simulator.addBackup('remote', { name: late, required: diff2 }),
      2,
    );
    const { code, stdout, stderr } = await harness.run('delete-remote', '--all', '--yes');
    expect(code).toBe(0);
    expect(stdout.match(/^delete /gm)).toHaveLength(6);
    expect(stderr).toContain(`backup ${full1} was not deleted: ${diff2} requires it`);
    expect(stderr).toContain(`backup ${diff2} was not deleted: ${late} requires it`);
    expect(namesAt(harness, 'remote')).toEqual([full1, diff2, late]);
  });

  test('refuses a backup that another one requires by now', async ({ harness }) => {
    addWeeks(harness);
    beforeRequest(
      harness,
      /list\/remote/,
      () => harness.simulator.addBackup('remote', { name: 'N', required: diff6 }),
      2,
    );
    const { code, stderr } = await harness.run('delete-remote', '--name', diff6, '--yes');
    expect([code, stderr]).toEqual([1, expect.stringContaining(`${diff6}: N requires it`)]);
    expect(deletesAsked(harness)).toEqual([]);
  });

  test('does not delete a backup that has become old enough only meanwhile', async ({
    harness,
  }) => {
    addWeeks(harness);
    const old = 'FULL_CH_BK_2026-10-20_20-30-00';
    harness.simulator.addBackup('remote', { name: old });
    // diff3 is 18 days and 13.5 hours old.
    beforeRequest(harness, /list\/remote/, () => harness.clock.shiftWallClock(7_200_000), 2);
    const given = ['--older-than', '446h', '--yes'];
    const { code } = await harness.run('delete-remote', ...given);
    expect(code).toBe(0);
    expect(deletesAsked(harness)).toEqual([old]);
    expect(namesAt(harness, 'remote')).toEqual(names);
  });

  test('succeeds if another client has deleted a backup meanwhile', async ({ harness }) => {
    addWeeks(harness);
    const deleteIt = () => harness.simulator.deleteBehind('remote', diff3);
    beforeRequest(harness, /list\/remote/, deleteIt, 2);
    const { code, stderr } = await harness.run('delete-remote', ...keepTwo, '--yes');
    expect(code).toBe(0);
    expect(stderr).toContain(`backup ${diff3} was not deleted: no longer listed`);
    expect(deletesAsked(harness)).toEqual([diff2, full1]);
  });
});
