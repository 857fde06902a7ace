import { afterEach, beforeEach, describe, expect, vi } from 'vitest';
import { secret, test } from '../support/harness.js';
import { CapturedStream } from '../support/streams.js';

const minute = 60_000;

describe('on a terminal', () => {
  // The library of the spinner reads these variables from the real process.
  beforeEach(() => {
    vi.stubEnv('CI', undefined);
    vi.stubEnv('TERM', 'xterm');
  });
  afterEach(() => void vi.unstubAllEnvs());

  test('shows a spinner with the elapsed time during a long wait, and no lines', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ workMs: { upload: 90 * minute } });
    const stderr = new CapturedStream(true);
    const argv = ['create-full', harness.host, 'rlAPIuser', secret];
    expect(await harness.startRaw(argv, { stderr }).done).toMatchObject({ code: 0, stdout: '' });
    expect(stderr.text).toMatch(/⠋|⠙|⠹/);
    expect(stderr.text).toMatch(/creating FULL_CH_BK_2026-11-22_10-00-00 \d/);
    expect(stderr.text).toMatch(/uploading FULL_CH_BK_2026-11-22_10-00-00 1h 29m/);
    expect(stderr.text).not.toContain('still uploading');
    // A person watches one run, so the lines do not begin with time and host.
    expect(stderr.text).toContain('[INFO]\u001B[39m create-full started\n');
    expect(stderr.text).not.toContain('10:00:00 ');
    // The cursor is visible again, and the last line is complete.
    expect(stderr.text.lastIndexOf('\u001B[?25h')).toBeGreaterThan(
      stderr.text.lastIndexOf('\u001B[?25l'),
    );
    expect(stderr.text).toMatch(/verified and recorded: .*\n/);
  });

  test('removes the spinner before it prints an error', async ({ harness }) => {
    const stderr = new CapturedStream(true);
    harness.simulator.failNext('create', 'disk full');
    const argv = ['create-full', harness.host, 'rlAPIuser', secret];
    expect((await harness.startRaw(argv, { stderr }).done).code).toBe(1);
    const end = stderr.text.slice(stderr.text.lastIndexOf('::::[ERROR]'));
    expect(end).toMatch(
      /^::::\[ERROR\]\S* the creation of backup \S+ failed: disk full \([^\n]*\)\n$/,
    );
    expect(stderr.text.lastIndexOf('\u001B[?25h')).toBeGreaterThan(
      stderr.text.lastIndexOf('\u001B[?25l'),
    );
  });

  test.for(['--json', '--quiet'])('shows no spinner with %s', async (option, { harness }) => {
    const stderr = new CapturedStream(true);
    const argv = ['create-full', harness.host, 'rlAPIuser', secret, option];
    expect((await harness.startRaw(argv, { stderr }).done).code).toBe(0);
    expect(stderr.text).toBe('');
  });
});

test('shows no spinner without a terminal', async ({ harness }) => {
  const { stderr } = await harness.run('create-full');
  // oxlint-disable-next-line no-control-regex
  expect(stderr).not.toMatch(/[⠋⠙⠹]|\u001B/);
});
