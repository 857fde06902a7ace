import { describe, expect } from 'vitest';
import { type Harness, test, versions } from '../support/harness.js';

const minute = 60_000;

const remoteLists = (harness: Harness) =>
  harness.requests(/^GET \/backup\/list(\/remote)?$/).length;
const uploadsAsked = (harness: Harness) => harness.requests(/^POST \/backup\/upload/).length;

/** What the log file holds under a heading of the bash agent's. */
function logBlock({ log }: Harness, heading: string): string | undefined {
  return new RegExp(`\\n${heading}:\\n([^]*?)\\n-------------\\n`).exec(log)?.[1];
}

describe.each(versions)('with a server %s', (version) => {
  test.for([
    { flaw: 'missing', reason: /is not on the remote storage/ },
    { flaw: 'broken', reason: /is broken: broken \(can't stat metadata\.json\)/ },
    { flaw: 'wrong-base', reason: /stands on \S+, but an increment on FULL_\S+ was asked for/ },
    { flaw: 'base-broken', reason: /its base FULL_\S+ is broken/ },
  ] as const)(
    'a row that says success, but the backup is $flaw: exit 1',
    async ({ flaw, reason }, { harnessOf }) => {
      const harness = await harnessOf({ version });
      await harness.run('create-full');
      const full = harness.lastBackup;
      harness.simulator.breakNextUpload(flaw);
      const { code, stderr, stdout } = await harness.run('create-diff');
      expect(code).toBe(1);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/::::\[ERROR\] the upload of DIFF_\S+ failed: (DIFF_|its base )/);
      expect(stderr).toMatch(reason);
      expect(harness.lastBackup).toBe(full);
      expect(logBlock(harness, 'UPLOAD ERROR')).toMatch(reason);
      expect(harness.journal).toBeUndefined();
      expect(uploadsAsked(harness)).toBe(2);
    },
  );

  test('a full that requires another backup is not proven', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    harness.simulator.breakNextUpload('wrong-base');
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(stderr).toMatch(/stands on ANOTHER_BASE, but a full was asked for/);
    expect(remoteLists(harness)).toBe(1);
    expect(harness.lastBackup).toBeUndefined();
  });

  test('a full although an increment was asked for is recorded with a warning', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    await harness.run('create-full');
    const full = harness.lastBackup;
    harness.simulator.breakNextUpload('no-base');
    const { code, stderr, stdout } = await harness.run('create-diff', '--json');
    expect(code).toBe(0);
    expect(stderr).toContain(`as a full backup, not on ${full}`);
    expect(JSON.parse(stdout)).toMatchObject({ backup: harness.lastBackup, base: null });
    expect(harness.lastBackup).toMatch(/^DIFF_/);
  });

  test('a backup that only the third look shows is recorded', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    harness.simulator.showUploadsAfterLists(3);
    const { code } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(remoteLists(harness)).toBe(3);
    expect(harness.lastBackup).toMatch(/^FULL_/);
  });

  test('an upload row in error: exit 1, the text in the log, at once', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    await harness.run('create-full');
    const full = harness.lastBackup;
    const before = remoteLists(harness);
    harness.simulator.failNext('upload', 'can`t upload: 552 Disk full', { leavesBroken: true });
    const startMs = harness.clock.elapsed();
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(1);
    expect(stderr).toMatch(/::::\[ERROR\] the upload of DIFF_\S+ failed: .*552 Disk full/);
    expect(stderr).not.toContain('left open');
    const [, name] = /the upload of (DIFF_\S+) failed/.exec(stderr) ?? [];
    expect(stderr).toContain(
      `(the last-backup file is as it was; the local copy is left: chbackup delete-local ${harness.host} --name ${name})`,
    );
    expect(stderr).not.toContain('is left open');
    expect(logBlock(harness, 'UPLOAD ERROR')).toContain('552 Disk full');
    // One for the base, one for the proof.
    expect(remoteLists(harness) - before).toBe(2);
    // Its works take 3 seconds.
    expect(harness.clock.elapsed() - startMs).toBeLessThan(4000);
    expect(harness.lastBackup).toBe(full);
    expect(harness.journal).toBeUndefined();
  });

  test('a row in error, but the backup is proven: recorded with a warning', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    const text = 'RemoveOldBackupsRemote: 550 no such file';
    harness.simulator.failNext('upload', text, { madeAnyway: true });
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr).toMatch(/\[WARNING\] the server reported an error uploading FULL_\S+: /);
    expect(stderr).toMatch(/\[WARNING\] the upload of FULL_\S+ is complete anyway/);
    expect(stderr).toContain(text);
    expect(harness.lastBackup).toMatch(/^FULL_/);
    expect(harness.log).toContain(text);
  });

  test('an error in a single file is final, whatever the list says', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    const text = 'uploadSingleBackupFile return error: 426 Connection closed';
    harness.simulator.failNext('upload', text, { madeAnyway: true });
    const { code } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(harness.lastBackup).toBeUndefined();
    expect(logBlock(harness, 'UPLOAD ERROR')).toContain(text);
  });

  test('a create row in error: exit 1, the text in the log, no upload', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    harness.simulator.failNext('create', "can't freeze `default`.`t`: code 999");
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /::::\[ERROR\] the create of FULL_\S+ failed: can't freeze.* \(the last-backup file is as it was\)/,
    );
    expect(logBlock(harness, 'CREATE BACKUP ERROR')).toContain('code 999');
    expect(uploadsAsked(harness)).toBe(0);
    expect(harness.lastBackup).toBeUndefined();
    expect(harness.journal).toBeUndefined();
  });

  test('an empty ClickHouse gets a hint', async ({ harnessOf }) => {
    const harness = await harnessOf({ version, tables: new Map() });
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(stderr).toMatch(/no tables for backup \(create a table first, or set .*allow_empty/);
  });
});

test('a backup that stays away is looked for during 10 minutes, then failed', async ({
  harness,
}) => {
  await harness.run('create-full');
  harness.simulator.breakNextUpload('missing');
  const looksMs: number[] = [];
  harness.onStep = (step) => {
    if (step === 'verify-upload') looksMs.push(harness.clock.elapsed());
  };
  const { code } = await harness.run('create-diff');
  expect(code).toBe(1);
  const pauses = looksMs.slice(1).map((ms, at) => Math.round((ms - (looksMs[at] ?? 0)) / 1000));
  expect(pauses.slice(0, 8)).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  expect(Math.max(...pauses)).toBe(60);
  expect(((looksMs.at(-1) ?? 0) - (looksMs[0] ?? 0)) / minute).toBeCloseTo(10);
});

test('a backup that appears after 9 minutes is recorded', async ({ harness }) => {
  harness.simulator.breakNextUpload('missing');
  let name = '';
  harness.when(
    'verify-upload',
    () => (name = harness.simulator.actions.at(-1)?.command.slice(7) ?? ''),
  );
  harness.later(9 * minute, () => harness.simulator.addBackup('remote', { name }));
  const { code } = await harness.run('create-full');
  expect(code).toBe(0);
  expect(harness.lastBackup).toBe(name);
});

test('a list that fails during the proof is asked again', async ({ harness }) => {
  harness.when('verify-upload', () =>
    harness.simulator.answerNext(
      { path: /list\/remote/ },
      { status: 500, body: '{"status":"error","operation":"list","error":"421 too many logins"}' },
    ),
  );
  const { code } = await harness.run('create-full');
  expect(code).toBe(0);
  expect(remoteLists(harness)).toBe(2);
});

test('lists that fail for 10 minutes leave the journal, and the next run records', async ({
  harness,
}) => {
  const body = '{"status":"error","operation":"list","error":"421 too many logins"}';
  harness.when('verify-upload', () => {
    for (let n = 0; n < 100; n++) {
      harness.simulator.answerNext({ path: /list\/remote/ }, { status: 500, body });
    }
  });
  const { code, stderr } = await harness.run('create-full');
  expect(code).toBe(1);
  expect(stderr).toContain('421 too many logins');
  expect(harness.lastBackup).toBeUndefined();
  const { backup } = JSON.parse(harness.journal ?? '') as { backup: string };
  harness.simulator.clearFaults();
  const next = await harness.run('create-diff');
  expect(next.code).toBe(0);
  expect(next.stderr).toContain(`${backup} of the previous run is complete`);
  expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toBe(backup);
});

test('what the server made of a backup is in the log: answers and final rows', async ({
  harness,
}) => {
  await harness.run('create-full');
  const [, ...blocks] = harness.log.split(/^#####.*#####$/m);
  const answers = (blocks[0] ?? '').split(/(?<=^\})\n/m).filter((text) => text.trim() !== '');
  expect(answers.map((text) => JSON.parse(text) as unknown)).toMatchObject([
    { status: 'acknowledged', operation: 'create', backup_name: harness.lastBackup },
    { command: `create ${harness.lastBackup}`, status: 'success' },
    { status: 'acknowledged', operation: 'upload', diff: false },
    { command: `upload ${harness.lastBackup}`, status: 'success' },
  ]);
});

describe('another client has uploaded a backup of the same name', () => {
  const name = 'FULL_CH_BK_2026-11-22_10-00-00';
  const strangers = (harness: Harness) =>
    harness.simulator.addBackup('remote', { name, createdMs: harness.clock.now() - minute });

  test('after an upload that failed it is not taken for ours', async ({ harness }) => {
    strangers(harness);
    harness.simulator.failNext('upload', 'no space left on device');
    const { code, stderr } = await harness.run('create-full');
    expect([code, stderr]).toEqual([1, expect.stringContaining('is another one, made 2026-')]);
    expect(harness.lastBackup).toBeUndefined();
  });

  test('nor is it when a killed run is settled', async ({ harness }) => {
    strangers(harness);
    harness.simulator.failNext('upload', 'it exists already');
    expect((await harness.runKilled(/^POST \/backup\/upload/, 'create-full')).killed).toBe(true);
    const { code, stderr } = await harness.run('create-diff');
    expect([code, stderr]).toEqual([0, expect.stringContaining('is another one, made 2026-')]);
    expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toBe('');
  });
});

test('an incomplete upload is known however long its error is', async ({ harness }) => {
  const text = `${'x'.repeat(520)} uploadSingleBackupFile: broken pipe`;
  harness.simulator.failNext('upload', text, { madeAnyway: true });
  const { code } = await harness.run('create-full');
  expect([code, harness.lastBackup]).toEqual([1, undefined]);
});

test('in an outage nobody is told that a backup failed, or to remove its copy', async ({
  harness,
}) => {
  harness.when('uploaded', () => (harness.simulator.storageDown = true));
  expect((await harness.run('create-full')).code).toBe(1);
  const { stderr } = await harness.run('create-full');
  expect(stderr).toMatch(/it is unknown whether backup FULL_\S+ of the previous run is complete/);
  expect(stderr.split('\n')[2]).not.toContain('delete-local');
});

test('where the server may still be at it, nobody is told to remove its copy', async ({
  harness,
}) => {
  harness.simulator.breakNextUpload('missing');
  harness.when('upload', () =>
    harness.later(500, () => {
      harness.simulator.addBackup('remote', { name: 'OTHER' });
      harness.simulator.restart({ rows: 'cancel', work: 'stops', resume: false });
    }),
  );
  const { code, stderr } = await harness.run('create-full');
  expect([code, stderr]).toEqual([1, expect.stringContaining('its row was cancelled')]);
  expect(stderr).toContain('(the last-backup file is as it was)');
});

describe('an upload that never started has failed, whatever the list shows', () => {
  test.for(versions)('%s: remote_storage: none', async (version, { harnessOf }) => {
    const harness = await harnessOf({ version, remoteStorage: 'none' });
    for (const command of ['create-full', 'create-diff']) {
      const { code, stderr } = await harness.run(command);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /\[ERROR\] the upload of \S+ failed: .*remote_storage shall not be "none" for upload/,
      );
      expect(stderr).not.toContain('may be down');
      expect(harness.journal).toBeUndefined();
      expect(harness.lastBackup).toBeUndefined();
    }
  });

  test.for([
    "can't find local backup: backup 'FULL' is not found",
    'b.prepareTableListToUpload return error: no such file',
  ])('%s', async (text, { harness }) => {
    harness.simulator.failNext('upload', text);
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(stderr).toContain(` failed: ${text} (`);
    expect(harness.journal).toBeUndefined();
  });

  test('one that the server rejects at once', async ({ harness }) => {
    const error = 'yaml: line 3: mapping values are not allowed in this context';
    const body = JSON.stringify({ status: 'error', operation: 'upload', error });
    harness.simulator.answerNext({ path: /upload/ }, { status: 500, body });
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(stderr).toContain(` failed: 500: ${error} (`);
    expect(harness.journal).toBeUndefined();
  });

  test('but not one that ended in what retention could say too', async ({ harness }) => {
    harness.simulator.failNext('upload', "can't connect to remote storage: connection refused");
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(stderr).toContain('could not be verified');
    expect(harness.journal).toBeDefined();
  });

  test('unless the list shows it: another client has uploaded our copy', async ({ harness }) => {
    harness.when('upload', () => {
      const [copy] = harness.simulator.local.values();
      if (copy !== undefined) harness.simulator.addBackup('remote', { ...copy });
    });
    harness.simulator.failNext('upload', "can't find local backup: backup is not found");
    const { code, stderr } = await harness.run('create-full');
    expect([code, stderr]).toEqual([0, expect.stringContaining('is complete anyway')]);
  });
});
