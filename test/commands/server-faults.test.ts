import { describe, expect } from 'vitest';
import { type Harness, test, versions } from '../support/harness.js';

const second = 1000;
const minute = 60 * second;
const locked = { status: 'error', error: 'another operation is currently running' };

const posts = (harness: Harness, what: 'create' | 'upload') =>
  harness.requests(new RegExp(`^POST /backup/${what}`)).length;

/** Expects that nothing was recorded and that the last backup is still complete. */
function expectUnchangedLastBackup(harness: Harness, before: string | undefined): void {
  expect(harness.lastBackup).toBe(before);
  if (before !== undefined) expect(harness.simulator.isWhole(before)).toBe(true);
}

describe.each(versions)('a busy server %s', (version) => {
  test('waits for it and names the running action', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    harness.simulator.busyWith('upload OTHERS', 7 * minute);
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /\[WARNING\] waiting for `upload OTHERS`, which has been running since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d by its clock/,
    );
    expect(stderr.match(/\[WARNING\] waiting for/g)).toHaveLength(1);
    expect(stderr.match(/still waiting for `upload OTHERS` \(\d/g)).toHaveLength(2);
    expect(harness.lastBackup).toMatch(/^FULL_/);
  });

  test('exits with 11 if it stays busy longer than --wait', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    harness.simulator.busyWith('watch', 100 * minute);
    const startMs = harness.clock.elapsed();
    const { code, stderr } = await harness.run('create-full', '--wait', '10m');
    expect(code).toBe(11);
    expect(harness.clock.elapsed() - startMs).toBeCloseTo(10 * minute);
    expect(stderr).toMatch(
      /::::\[ERROR\] 127\.0\.0\.1:\d+ is busy: `watch` has been running since .*--wait/,
    );
    expect(posts(harness, 'create')).toBe(0);
  });

  test('exits with 11 at once with --wait 0', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    harness.simulator.busyWith('watch', 100 * minute);
    const startMs = harness.clock.elapsed();
    const { code } = await harness.run('create-diff', '--wait', '0');
    expect(code).toBe(11);
    expect(harness.clock.elapsed()).toBe(startMs);
  });

  test.for(['create', 'upload'] as const)(
    'sends the %s again if it was refused with 423',
    async (step, { harnessOf }) => {
      const harness = await harnessOf({ version });
      harness.when(step, () => harness.simulator.busyWith('delete remote OLD', 3 * minute));
      const { code, stderr } = await harness.run('create-full');
      expect(code).toBe(0);
      expect(stderr).toContain('waiting for `delete remote OLD`, which has been running since');
      expect(harness.simulator.requests.filter(({ status }) => status === 423)).not.toEqual([]);
      expect(harness.simulator.actions.map(({ command }) => command.split(' ')[0])).toEqual(
        step === 'create'
          ? ['list', 'delete', 'create', 'upload', 'list']
          : ['list', 'create', 'delete', 'upload', 'list'],
      );
    },
  );

  test('exits with 11 if it refuses the upload longer than --wait, and the next run recovers', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    harness.when('upload', () => harness.simulator.busyWith('watch', 60 * minute));
    expect((await harness.run('create-full', '--wait', '5m')).code).toBe(11);
    expectUnchangedLastBackup(harness, undefined);
    const next = await harness.run('create-full');
    expect(next.code).toBe(0);
    expect(harness.journal).toBeUndefined();
  });
});

test('treats the 500 of a busy server as busy too', async ({ harness }) => {
  const answer = { status: 500, body: `${JSON.stringify({ ...locked, operation: 'create' })}\n` };
  harness.simulator.answerNext({ method: 'POST' }, answer);
  const { code, stderr } = await harness.run('create-full');
  expect(code).toBe(0);
  expect(stderr).toContain('waiting for `another operation`');
  expect(posts(harness, 'create')).toBe(2);
});

test('counts all waits of a run toward --wait', async ({ harness }) => {
  harness.simulator.busyWith('upload ONE', 6 * minute);
  harness.when('upload', () => harness.simulator.busyWith('upload TWO', 6 * minute));
  const { code, stderr } = await harness.run('create-full', '--wait', '10m');
  expect(code).toBe(11);
  expect(stderr).toMatch(/\[ERROR\] .*`upload TWO`/);
});

test('waits 6 hours for a full and 30 minutes for a diff without --wait', async ({ harness }) => {
  harness.simulator.busyWith('watch', 24 * 60 * minute);
  for (const [command, ms] of [
    ['create-diff', 30 * minute],
    ['create-full', 360 * minute],
  ] as const) {
    const startMs = harness.clock.elapsed();
    expect((await harness.run(command)).code).toBe(11);
    expect(harness.clock.elapsed() - startMs).toBeCloseTo(ms);
  }
});

describe('a server that does not respond', () => {
  test('is retried until it is up', async ({ networkHarness: harness }) => {
    await harness.server.stopListening();
    harness.later(40 * second, () => harness.server.listenAgain());
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr.match(/no response, retrying: .*connection refused/g)).toHaveLength(1);
    expect(posts(harness, 'create')).toBe(1);
  });

  test('leads to exit 13 after the connect timeout', async ({ networkHarness: harness }) => {
    await harness.server.stopListening();
    const startMs = harness.clock.elapsed();
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(13);
    expect(harness.clock.elapsed() - startMs).toBeCloseTo(minute);
    expect(stderr).toMatch(
      /::::\[ERROR\] 127\.0\.0\.1:\d+ does not answer: connection refused \(check that/,
    );
    await harness.server.listenAgain();
  });

  test('is retried for as long as --connect-timeout says', async ({ networkHarness: harness }) => {
    await harness.server.stopListening();
    const startMs = harness.clock.elapsed();
    const { code } = await harness.run('create-full', '--connect-timeout', '5s');
    expect(code).toBe(13);
    expect(harness.clock.elapsed() - startMs).toBeCloseTo(5 * second);
    await harness.server.listenAgain();
  });

  test('leads to exit 13 if the host name does not exist', async ({ harness }) => {
    const running = harness.startRaw(['create-full', 'no-such-host.invalid']);
    const { code, stderr } = await running.done;
    expect(code).toBe(13);
    expect(stderr).toMatch(
      /no-such-host\.invalid does not answer: (the host name was not found|the host name cannot)/,
    );
  });

  test('leads to exit 13 if it cuts each connection', async ({ harness }) => {
    harness.simulator.refuse = true;
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(13);
    expect(stderr).toContain('the connection was cut');
  });

  test('leads to exit 13 if it accepts requests and never answers', async ({ harness }) => {
    harness.simulator.neverAnswer({ path: /./ });
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(13);
    expect(stderr).toContain('no answer within 30 s');
  });

  test('is retried if a proxy cannot reach it', async ({ harness }) => {
    for (const status of [502, 503, 504]) {
      harness.simulator.answerNext({ path: /./ }, { status, body: '<html>Bad Gateway</html>' });
    }
    const { code } = await harness.run('create-full');
    expect(code).toBe(0);
  });

  test('is retried if it is unreachable for 5 minutes during an upload', async ({ harnessOf }) => {
    const harness = await harnessOf({ workMs: { upload: 20 * minute } }, { network: true });
    harness.when('upload', () => {
      harness.later(minute, () => harness.server.stopListening());
      harness.later(6 * minute, () => harness.server.listenAgain());
    });
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr.match(/no response, retrying/g)).toHaveLength(1);
  });

  test('leads to exit 13 after 10 minutes during an upload, and the next run recovers', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ workMs: { upload: 30 * minute } }, { network: true });
    harness.when('upload', () => {
      harness.later(minute, () => harness.server.stopListening());
      harness.later(20 * minute, () => harness.server.listenAgain());
    });
    const { code } = await harness.run('create-full');
    expect(code).toBe(13);
    expect(harness.lastBackup).toBeUndefined();
    await harness.clock.sleep(20 * minute);
    const next = await harness.run('create-diff', '--wait', '1h');
    expect(next.code).toBe(0);
    expect(next.stderr).toMatch(/FULL_\S+ of the previous run is complete/);
    expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toMatch(/^FULL_/);
  });

  test('leads to exit 13 after one minute once the upload has ended', async ({
    networkHarness: harness,
  }) => {
    let silentMs = NaN;
    harness.when('verify-upload', () => {
      silentMs = harness.clock.elapsed();
      harness.hold(() => harness.server.stopListening());
    });
    const { code } = await harness.run('create-full');
    expect(code).toBe(13);
    expect(harness.clock.elapsed() - silentMs).toBeCloseTo(minute);
    await harness.server.listenAgain();
  });

  test('does not end the run if one connection is cut after a long pause', async ({ harness }) => {
    harness.simulator.showUploadsAfterLists(9);
    let checks = 0;
    harness.onStep = (step) => {
      if (step !== 'verify-upload') return;
      checks++;
      if (checks > 6) harness.simulator.loseNextAnswer({ path: /./ }, { done: false });
    };
    const { code } = await harness.run('create-full');
    expect(code).toBe(0);
  });
});

describe.each(versions)('with a server %s', (version) => {
  test('exits with 12 after one request if unauthorized', async ({ harnessOf }) => {
    const harness = await harnessOf({ version, password: 'another' });
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(12);
    expect(stderr).toMatch(/::::\[ERROR\] .* rejected the credentials \(401\) \(check user and/);
    expect(harness.requests()).toHaveLength(1);
    expect(harness.lastBackup).toBeUndefined();
    expect(harness.journal).toBeUndefined();
  });

  describe.each(['create', 'upload'] as const)('a lost response to the %s', (what) => {
    test('is replaced by the action log row if the request was carried out', async ({
      harnessOf,
    }) => {
      const harness = await harnessOf({ version });
      harness.simulator.loseNextAnswer(
        { method: 'POST', path: new RegExp(`/${what}`) },
        { done: true },
      );
      const { code } = await harness.run('create-full');
      expect(code).toBe(0);
      expect(posts(harness, what)).toBe(1);
      expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
    });

    test('leads to a failure after a minute if the request was not carried out, without a retry', async ({
      harnessOf,
    }) => {
      const harness = await harnessOf({ version });
      harness.simulator.addBackup('remote', { name: 'OTHER_CLIENT' });
      harness.simulator.loseNextAnswer(
        { method: 'POST', path: new RegExp(`/${what}`) },
        { done: false },
      );
      const startMs = harness.clock.elapsed();
      const { code, stderr } = await harness.run('create-full');
      expect(code).toBe(1);
      expect(harness.clock.elapsed() - startMs).toBeGreaterThan(minute);
      expect(harness.clock.elapsed() - startMs).toBeLessThan(2 * minute);
      expect(stderr).toMatch(
        /the answer was lost \(the connection was cut\), and it has no entry in the action log; possible reasons: the request did not arrive, or the server was restarted, or /,
      );
      expect(stderr.includes('; there is no local copy')).toBe(what === 'create');
      expect(posts(harness, what)).toBe(1);
      expectUnchangedLastBackup(harness, undefined);
      expect(harness.journal).toBeUndefined();
    });

    test('leads to a retry if the request was never sent', async ({ harnessOf }) => {
      const harness = await harnessOf({ version });
      harness.when(what, () => {
        harness.hold(() => harness.server.stopListening());
        harness.later(20 * second, () => harness.server.listenAgain());
      });
      const { code } = await harness.run('create-full');
      expect(code).toBe(0);
      expect(posts(harness, what)).toBe(1);
    });

    test('leads to a failure if a restart removed the action log rows and stopped the work', async ({
      harnessOf,
    }) => {
      const harness = await harnessOf({ version });
      await harness.run('create-full');
      const full = harness.lastBackup;
      harness.when(what, () =>
        harness.later(0.5 * second, () =>
          harness.simulator.restart({ rows: 'gone', work: 'stops', resume: false }),
        ),
      );
      const { code, stderr } = await harness.run('create-diff');
      expect(code).toBe(1);
      expect(stderr).toMatch(
        new RegExp(
          `the ${what === 'create' ? 'creation' : what} of backup DIFF_\\S+ failed: its entry disappeared from the action log; possible reasons: the server was restarted, or 127\\S+ leads to several servers`,
        ),
      );
      expectUnchangedLastBackup(harness, full);
      expect(posts(harness, what)).toBe(2);
      expect((await harness.run('create-diff')).code).toBe(0);
    });

    test.for(['stops', 'goes on'] as const)(
      'leads to a failure if /restart canceled the action log rows and the work %s',
      async (work, { harnessOf }) => {
        const harness = await harnessOf({ version });
        await harness.run('create-full');
        const full = harness.lastBackup;
        harness.when(what, () =>
          harness.later(0.5 * second, () => harness.simulator.restart({ rows: 'cancel', work })),
        );
        const { code, stderr } = await harness.run('create-diff');
        // Work that continues has no row anymore, so chbackup cannot wait for it.
        expect(code).toBe(1);
        expect(stderr).toMatch(
          /its entry in the action log was canceled: canceled via API \/restart/,
        );
        expect(stderr).not.toContain('delete-local');
        expectUnchangedLastBackup(harness, full);
        await harness.clock.sleep(minute);
        expect((await harness.run('create-diff')).code).toBe(0);
        expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
      },
    );
  });

  test('decides by the list if the server was restarted during the upload and resumed it', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    harness.when('upload', () =>
      harness.later(second, () => harness.simulator.restart({ rows: 'gone', work: 'stops' })),
    );
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /\[WARNING\] .*was uploaded completely, although the end of the upload was not seen: its entry disappeared from the action log/,
    );
    expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
  });

  test('decides by the list if the server was restarted just after the upload', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version, workMs: { upload: 10 * minute } });
    harness.when('upload', () =>
      harness.later(10 * minute + 1, () =>
        harness.simulator.restart({ rows: 'gone', work: 'stops', resume: false }),
      ),
    );
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /\[WARNING\] .*was uploaded completely, although the end of the upload was not seen/,
    );
  });

  test('decides by the local list if the server was restarted just after the create', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version, workMs: { create: 10 * minute } });
    harness.when('create', () =>
      harness.later(10 * minute + 1, () =>
        harness.simulator.restart({ rows: 'gone', work: 'stops', resume: false }),
      ),
    );
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr).toMatch(/\[WARNING\] it is unknown whether backup .* was created/);
    expect(posts(harness, 'create')).toBe(1);
    expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
  });

  describe('a storage that is down or full', () => {
    test('makes the upload of a full fail', async ({ harnessOf }) => {
      const harness = await harnessOf({ version });
      harness.simulator.storageDown = true;
      const { code, stderr } = await harness.run('create-full');
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /the upload of backup FULL_\S+ could not be verified: .*connection refused/,
      );
      expectUnchangedLastBackup(harness, undefined);
    });

    test('stops a diff before anything is created', async ({ harnessOf }) => {
      const harness = await harnessOf({ version });
      await harness.run('create-full');
      const full = harness.lastBackup;
      harness.simulator.storageDown = true;
      expect((await harness.run('create-diff')).code).toBe(1);
      expect(posts(harness, 'create')).toBe(1);
      harness.simulator.storageDown = false;
      expectUnchangedLastBackup(harness, full);
    });

    test.for(['create', 'upload'] as const)(
      'makes the upload fail if it is down from the %s on',
      async (step, { harnessOf }) => {
        const harness = await harnessOf({ version });
        await harness.run('create-full');
        const full = harness.lastBackup;
        harness.when(step, () =>
          harness.later(0.5 * second, () => (harness.simulator.storageDown = true)),
        );
        const { code, stderr } = await harness.run('create-diff');
        expect(code).toBe(1);
        expect(stderr).toMatch(
          /the upload of backup DIFF_\S+ could not be verified: .*connection refused/,
        );
        harness.simulator.storageDown = false;
        expectUnchangedLastBackup(harness, full);
        const next = await harness.run('create-diff');
        expect(next.code).toBe(0);
        expect(next.stderr).toMatch(/DIFF_\S+ of the previous run failed: /);
        expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toBe(full);
      },
    );

    test('leads to exit 1 and keeps the journal at the verification; the next run records the backup', async ({
      harnessOf,
    }) => {
      const harness = await harnessOf({ version });
      await harness.run('create-full');
      const full = harness.lastBackup;
      harness.when('uploaded', () => (harness.simulator.storageDown = true));
      const { code, stderr } = await harness.run('create-diff');
      expect(code).toBe(1);
      expect(stderr).toMatch(/lists no backups; it may be down.*the next run will check again/);
      harness.simulator.storageDown = false;
      expectUnchangedLastBackup(harness, full);
      const { backup } = JSON.parse(harness.journal ?? '') as { backup: string };
      expect((await harness.run('create-diff')).code).toBe(0);
      expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toBe(backup);
    });

    test('leads to exit 1 and keeps the journal if it is still down at the next diff', async ({
      harnessOf,
    }) => {
      const harness = await harnessOf({ version });
      await harness.run('create-full');
      harness.when('uploaded', () => (harness.simulator.storageDown = true));
      await harness.run('create-diff');
      const { journal } = harness;
      const next = await harness.run('create-diff');
      expect(next.code).toBe(1);
      expect(next.stderr).toMatch(/lists no backups, so nothing was created/);
      expect(harness.journal).toBe(journal);
      expect(posts(harness, 'create')).toBe(2);
    });

    test('makes the upload fail if it is full, and the incomplete backup is not used as a base', async ({
      harnessOf,
    }) => {
      const harness = await harnessOf({ version });
      await harness.run('create-full');
      const full = harness.lastBackup;
      harness.simulator.fullStorage = true;
      const { code, stderr } = await harness.run('create-diff');
      expect(code).toBe(1);
      expect(stderr).toContain('552 Disk full');
      expectUnchangedLastBackup(harness, full);
    });
  });

  test('waits for an action log row that appears late', async ({ harnessOf }) => {
    const harness = await harnessOf({ version, workMs: { upload: 2 * minute } });
    harness.simulator.forgetUploadRowFor(20 * second);
    const { code } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(posts(harness, 'upload')).toBe(1);
  });

  test('does not list backups while an operation is running', async ({ harnessOf }) => {
    const harness = await harnessOf({ version, workMs: { list: 5 * second } });
    harness.simulator.busyWith('upload OTHER_CLIENT', 3 * minute);
    await harness.run('create-full');
    await harness.run('create-diff');
    const work = harness.simulator.actions.filter(({ command }) => !command.startsWith('list'));
    for (const list of harness.simulator.actions) {
      if (!list.command.startsWith('list')) continue;
      for (const { command, startMs, finishMs = Infinity } of work) {
        expect([command, finishMs <= list.startMs || startMs >= (list.finishMs ?? 0)]).toEqual([
          command,
          true,
        ]);
      }
    }
  });
});

describe('responses that do not come from clickhouse-backup', () => {
  test.for([
    { what: 'a page instead of the list', path: /list/, status: 200, body: '<html>hello</html>' },
    { what: 'half a line of JSON', path: /list/, status: 200, body: '{"name":"x","loc' },
    { what: 'a redirect', path: /./, status: 302, body: '' },
    { what: 'a 404', path: /./, status: 404, body: 'Not Found' },
    { what: 'a row of an unknown status', path: /actions/, status: 200, body: '{"status":"odd"}' },
    { what: 'an array', path: /list/, status: 200, body: '[{"name":"x"}]' },
  ])(
    'exits with 1 and one line before it creates anything after $what',
    async ({ path, status, body }, { harness }) => {
      harness.simulator.answerNext({ path }, { status, body });
      const { code, stderr } = await harness.run('create-full', '--quiet');
      expect(code).toBe(1);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(stderr).toContain(
        status === 200
          ? `unexpected response from ${harness.host} to /backup/`
          : `${harness.host} answered /backup/`,
      );
      expect(posts(harness, 'create')).toBe(0);
    },
  );

  test('exits with 1 after a page instead of the acknowledgment, and the next run recovers', async ({
    harness,
  }) => {
    harness.simulator.answerNext({ path: /upload/ }, { status: 200, body: '<html>hello</html>' });
    const { code } = await harness.run('create-full');
    expect(code).toBe(1);
    expectUnchangedLastBackup(harness, undefined);
    expect((await harness.run('create-full')).code).toBe(0);
  });

  test('exits with 1 and the reason if the server refuses a POST', async ({ harness }) => {
    const body = '{"status":"error","operation":"create","error":"bad config: no such key"}';
    harness.simulator.answerNext({ method: 'POST' }, { status: 500, body });
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(stderr).toMatch(/the creation of backup FULL_\S+ failed: 500: bad config: no such key/);
  });
});

test('waits for a list that takes 5 minutes', async ({ harnessOf }) => {
  const harness = await harnessOf({ workMs: { list: 5 * minute } });
  expect((await harness.run('create-full')).code).toBe(0);
});

test('requests a list that takes too long only once more', async ({ harness }) => {
  harness.simulator.delayNextAnswer({ path: /list\/local/ }, 11 * minute);
  expect((await harness.run('create-full')).code).toBe(0);
  expect(harness.requests(/list\/local/)).toHaveLength(2);
  const answer = harness.simulator.neverAnswer({ path: /list\/local/ }, { done: false });
  expect((await harness.run('create-full')).code).toBe(14);
  expect(harness.requests(/list\/local/)).toHaveLength(4);
  answer();
});

describe('a poll that fails during an upload', () => {
  const badConfig = '{"status":"error","operation":"actions","error":"yaml: line 3: found tab"}\n';

  test.for([
    { status: 500, body: badConfig },
    { status: 429, body: '<html>slow down</html>' },
    { status: 200, body: '{"command":"upl' },
  ])(
    'is repeated after a $status, and the run succeeds',
    async ({ status, body }, { harnessOf }) => {
      const harness = await harnessOf({ workMs: { create: minute, upload: 60 * minute } });
      harness.when('upload', () =>
        harness.later(30 * minute, () => {
          for (let n = 0; n < (status === 200 ? 1 : 3); n++) {
            harness.simulator.answerNext({ path: /actions\?filter=FULL/ }, { status, body });
          }
        }),
      );
      const { code, stderr } = await harness.run('create-full');
      expect(code).toBe(0);
      expect(stderr.match(/no response, retrying/g)).toHaveLength(1);
    },
  );

  test('leads to exit 1 with the error of the server after 10 minutes, and the next run recovers', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ workMs: { create: minute, upload: 60 * minute } });
    harness.when('upload', () =>
      harness.later(20 * minute, () => {
        for (let n = 0; n < 1000; n++) {
          harness.simulator.answerNext({ path: /actions/ }, { status: 500, body: badConfig });
        }
      }),
    );
    const startMs = harness.clock.elapsed();
    const { code, stderr } = await harness.run('create-full');
    expect([code, stderr]).toEqual([1, expect.stringContaining('yaml: line 3')]);
    expect(stderr).toMatch(/the outcome of backup FULL_\S+ is unknown; the next run will check/);
    const minutes = (harness.clock.elapsed() - startMs) / minute;
    expect(minutes).toBeGreaterThan(30);
    expect(minutes).toBeLessThan(33);
    harness.simulator.clearFaults();
    const next = await harness.run('create-diff', '--wait', '2h');
    expect([next.code, next.stderr]).toEqual([
      0,
      expect.stringContaining('of the previous run is complete'),
    ]);
  });
});
