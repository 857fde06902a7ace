import { describe, expect } from 'vitest';
import { type Harness, test, versions } from '../support/harness.js';

const minute = 60_000;

const remoteLists = (harness: Harness) =>
  harness.requests(/^GET \/backup\/list(\/remote)?$/).length;
const countUploads = (harness: Harness) => harness.requests(/^POST \/backup\/upload/).length;

/** Returns the text in the log file under a heading of clickhouse-backup-agent. */
function logBlock({ log }: Harness, heading: string): string | undefined {
  return new RegExp(`\\n${heading}:\\n([^]*?)\\n-------------\\n`).exec(log)?.[1];
}

describe.each(versions)('with a server %s', (version) => {
  test.for([
    { flaw: 'missing', reason: /is not on the remote storage/ },
    { flaw: 'broken', reason: /is broken: broken \(can't stat metadata\.json\)/ },
    { flaw: 'wrong-base', reason: /is based on \S+, but an increment on FULL_\S+ was requested/ },
    { flaw: 'base-broken', reason: /its base FULL_\S+ is broken/ },
  ] as const)(
    'exits with 1 if the action log row says success, but the backup is $flaw',
    async ({ flaw, reason }, { harnessOf }) => {
      const harness = await harnessOf({ version });
      await harness.run('create-full');
      const full = harness.lastBackup;
      harness.simulator.breakNextUpload(flaw);
      const { code, stderr, stdout } = await harness.run('create-diff');
      expect(code).toBe(1);
      expect(stdout).toBe('');
      expect(stderr).toMatch(
        /::::\[ERROR\] the upload of backup DIFF_\S+ failed: (backup DIFF_|its base )/,
      );
      expect(stderr).toMatch(reason);
      expect(harness.lastBackup).toBe(full);
      expect(logBlock(harness, 'UPLOAD ERROR')).toMatch(reason);
      expect(harness.journal).toBeUndefined();
      expect(countUploads(harness)).toBe(2);
    },
  );

  test('exits with 1 if a full requires another backup', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    harness.simulator.breakNextUpload('wrong-base');
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(stderr).toMatch(/is based on ANOTHER_BASE, but a full backup was requested/);
    expect(remoteLists(harness)).toBe(1);
    expect(harness.lastBackup).toBeUndefined();
  });

  test('records a full with a warning if an increment was requested', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    await harness.run('create-full');
    const full = harness.lastBackup;
    harness.simulator.breakNextUpload('no-base');
    const { code, stderr, stdout } = await harness.run('create-diff', '--json');
    expect(code).toBe(0);
    expect(stderr).toContain(`in full, not as an increment on ${full}`);
    expect(JSON.parse(stdout)).toMatchObject({ backup: harness.lastBackup, base: null });
    expect(harness.lastBackup).toMatch(/^DIFF_/);
  });

  test('records a backup that appears only in the third list', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    harness.simulator.showUploadsAfterLists(3);
    const { code } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(remoteLists(harness)).toBe(3);
    expect(harness.lastBackup).toMatch(/^FULL_/);
  });

  test('exits with 1 at once and logs the error if the upload fails', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    await harness.run('create-full');
    const full = harness.lastBackup;
    const before = remoteLists(harness);
    harness.simulator.failNext('upload', 'can`t upload: 552 Disk full', { leavesBroken: true });
    const startMs = harness.clock.elapsed();
    const { code, stderr } = await harness.run('create-diff');
    expect(code).toBe(1);
    expect(stderr).toMatch(/::::\[ERROR\] the upload of backup DIFF_\S+ failed: .*552 Disk full/);
    expect(stderr).not.toContain('left open');
    const [, name] = /the upload of backup (DIFF_\S+) failed/.exec(stderr) ?? [];
    expect(stderr).toContain(
      `(the last-backup file is unchanged; to delete the local copy, run chbackup delete-local ${harness.host} --name ${name})`,
    );
    expect(stderr).not.toContain('is left open');
    expect(logBlock(harness, 'UPLOAD ERROR')).toContain('552 Disk full');
    // One for the base and one for the verification.
    expect(remoteLists(harness) - before).toBe(2);
    // The create and the upload take 3 seconds.
    expect(harness.clock.elapsed() - startMs).toBeLessThan(4000);
    expect(harness.lastBackup).toBe(full);
    expect(harness.journal).toBeUndefined();
  });

  test('records a verified backup with a warning if its action log row is an error', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    const text = 'RemoveOldBackupsRemote: 550 no such file';
    harness.simulator.failNext('upload', text, { madeAnyway: true });
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /\[WARNING\] clickhouse-backup reported an error while uploading FULL_\S+: /,
    );
    expect(stderr).toMatch(/\[WARNING\] backup FULL_\S+ was uploaded completely anyway/);
    expect(stderr).toContain(text);
    expect(harness.lastBackup).toMatch(/^FULL_/);
    expect(harness.log).toContain(text);
  });

  test('exits with 1 after an error in a single file, even if the backup is listed as ok', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    const text = 'uploadSingleBackupFile return error: 426 Connection closed';
    harness.simulator.failNext('upload', text, { madeAnyway: true });
    const { code } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(harness.lastBackup).toBeUndefined();
    expect(logBlock(harness, 'UPLOAD ERROR')).toContain(text);
  });

  test('exits with 1, logs the error and does not upload if the create fails', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    harness.simulator.failNext('create', "can't freeze `default`.`t`: code 999");
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /::::\[ERROR\] the creation of backup FULL_\S+ failed: can't freeze.* \(the last-backup file is unchanged\)/,
    );
    expect(logBlock(harness, 'CREATE BACKUP ERROR')).toContain('code 999');
    expect(countUploads(harness)).toBe(0);
    expect(harness.lastBackup).toBeUndefined();
    expect(harness.journal).toBeUndefined();
  });

  test('prints a hint if ClickHouse has no tables', async ({ harnessOf }) => {
    const harness = await harnessOf({ version, tables: new Map() });
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(stderr).toMatch(/no tables for backup \(create a table first, or set .*allow_empty/);
  });
});

test('looks for a missing backup for 10 minutes and then fails', async ({ harness }) => {
  await harness.run('create-full');
  harness.simulator.breakNextUpload('missing');
  const checksMs: number[] = [];
  harness.onStep = (step) => {
    if (step === 'verify-upload') checksMs.push(harness.clock.elapsed());
  };
  const { code } = await harness.run('create-diff');
  expect(code).toBe(1);
  const pauses = checksMs.slice(1).map((ms, at) => Math.round((ms - (checksMs[at] ?? 0)) / 1000));
  expect(pauses.slice(0, 8)).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  expect(Math.max(...pauses)).toBe(60);
  expect(((checksMs.at(-1) ?? 0) - (checksMs[0] ?? 0)) / minute).toBeCloseTo(10);
});

test('records a backup that appears after 9 minutes', async ({ harness }) => {
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

test('requests a list again if it fails during the verification', async ({ harness }) => {
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

test('keeps the journal if lists fail for 10 minutes, and the next run records the backup', async ({
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

test('logs the responses of the server and the final action log rows', async ({ harness }) => {
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
  const addTheirs = (harness: Harness) =>
    harness.simulator.addBackup('remote', { name, createdMs: harness.clock.now() - minute });

  test('does not mistake it for its own after a failed upload', async ({ harness }) => {
    addTheirs(harness);
    harness.simulator.failNext('upload', 'no space left on device');
    const { code, stderr } = await harness.run('create-full');
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('is a different one, created 2026-'),
    ]);
    expect(harness.lastBackup).toBeUndefined();
  });

  test('does not mistake it for its own when it recovers a killed run', async ({ harness }) => {
    addTheirs(harness);
    harness.simulator.failNext('upload', 'it exists already');
    expect((await harness.runKilled(/^POST \/backup\/upload/, 'create-full')).killed).toBe(true);
    const { code, stderr } = await harness.run('create-diff');
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('is a different one, created 2026-'),
    ]);
    expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toBe('');
  });
});

test('recognizes an incomplete upload even if its error is long', async ({ harness }) => {
  const text = `${'x'.repeat(520)} uploadSingleBackupFile: broken pipe`;
  harness.simulator.failNext('upload', text, { madeAnyway: true });
  const { code } = await harness.run('create-full');
  expect([code, harness.lastBackup]).toEqual([1, undefined]);
});

test('does not report a failed backup or advise to delete its copy during an outage', async ({
  harness,
}) => {
  harness.when('uploaded', () => (harness.simulator.storageDown = true));
  expect((await harness.run('create-full')).code).toBe(1);
  const { stderr } = await harness.run('create-full');
  expect(stderr).toMatch(/it is unknown whether backup FULL_\S+ of the previous run is complete/);
  expect(stderr.split('\n')[2]).not.toContain('delete-local');
});

test('does not advise to delete a local copy that the server may still be using', async ({
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
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining('its entry in the action log was canceled'),
  ]);
  expect(stderr).toContain('(the last-backup file is unchanged)');
});

describe('an upload that never started has failed, even if the remote list is empty', () => {
  test.for(versions)(
    '%s: is reported as failed with remote_storage: none',
    async (version, { harnessOf }) => {
      const harness = await harnessOf({ version, remoteStorage: 'none' });
      for (const command of ['create-full', 'create-diff']) {
        const { code, stderr } = await harness.run(command);
        expect(code).toBe(1);
        expect(stderr).toMatch(
          /\[ERROR\] the upload of backup \S+ failed: .*remote_storage shall not be "none" for upload/,
        );
        expect(stderr).not.toContain('may be down');
        expect(harness.journal).toBeUndefined();
        expect(harness.lastBackup).toBeUndefined();
      }
    },
  );

  test.for([
    "can't find local backup: backup 'FULL' is not found",
    'b.prepareTableListToUpload return error: no such file',
  ])('is reported as failed after "%s"', async (text, { harness }) => {
    harness.simulator.failNext('upload', text);
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(stderr).toContain(` failed: ${text} (`);
    expect(harness.journal).toBeUndefined();
  });

  test('is reported as failed if the server rejects it at once', async ({ harness }) => {
    const error = 'yaml: line 3: mapping values are not allowed in this context';
    const body = JSON.stringify({ status: 'error', operation: 'upload', error });
    harness.simulator.answerNext({ path: /upload/ }, { status: 500, body });
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(stderr).toContain(` failed: 500: ${error} (`);
    expect(harness.journal).toBeUndefined();
  });

  test('is unknown if the error may also come from retention', async ({ harness }) => {
    harness.simulator.failNext('upload', "can't connect to remote storage: connection refused");
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(stderr).toContain('could not be verified');
    expect(harness.journal).toBeDefined();
  });

  test('is complete if the list shows it, because another client has uploaded the same copy', async ({
    harness,
  }) => {
    harness.when('upload', () => {
      const [copy] = harness.simulator.local.values();
      if (copy !== undefined) harness.simulator.addBackup('remote', { ...copy });
    });
    harness.simulator.failNext('upload', "can't find local backup: backup is not found");
    const { code, stderr } = await harness.run('create-full');
    expect([code, stderr]).toEqual([0, expect.stringContaining('was uploaded completely anyway')]);
  });
});
