import { describe, expect } from 'vitest';
import { type Harness, test, versions } from '../support/harness.js';

const second = 1000;
const minute = 60 * second;
const locked = { status: 'error', error: 'another operation is currently running' };

const posts = (harness: Harness, what: 'create' | 'upload') =>
  harness.requests(new RegExp(`^POST /backup/${what}`)).length;

/** Nothing was recorded, and nothing is wrong with what was recorded before. */
function expectNothingBelieved(harness: Harness, before: string | undefined): void {
  expect(harness.lastBackup).toBe(before);
  if (before !== undefined) expect(harness.simulator.isWhole(before)).toBe(true);
}

describe.each(versions)('a busy server %s', (version) => {
  test('is waited for, and the action that runs is named', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    harness.simulator.busyWith('upload SOMEBODY_ELSES', 7 * minute);
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /\[WARNING\] busy: `upload SOMEBODY_ELSES` runs since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d by its clock/,
    );
    expect(stderr.match(/busy: /g)).toHaveLength(1);
    expect(stderr.match(/still waiting for `upload SOMEBODY_ELSES` \(\d/g)).toHaveLength(2);
    expect(harness.lastBackup).toMatch(/^FULL_/);
  });

  test('is given up after --wait: exit 11', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    harness.simulator.busyWith('watch', 100 * minute);
    const startMs = harness.clock.elapsed();
    const { code, stderr } = await harness.run('create-full', '--wait', '10m');
    expect(code).toBe(11);
    expect(harness.clock.elapsed() - startMs).toBeCloseTo(10 * minute);
    expect(stderr).toMatch(/::::\[ERROR\] 127\.0\.0\.1:\d+ is busy: `watch` runs since .*--wait/);
    expect(posts(harness, 'create')).toBe(0);
  });

  test('is given up at once with --wait 0', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    harness.simulator.busyWith('watch', 100 * minute);
    const startMs = harness.clock.elapsed();
    const { code } = await harness.run('create-diff', '--wait', '0');
    expect(code).toBe(11);
    expect(harness.clock.elapsed()).toBe(startMs);
  });

  test.for(['create', 'upload'] as const)(
    'that refuses the %s with 423 is asked again',
    async (step, { harnessOf }) => {
      const harness = await harnessOf({ version });
      harness.when(step, () => harness.simulator.busyWith('delete remote OLD', 3 * minute));
      const { code, stderr } = await harness.run('create-full');
      expect(code).toBe(0);
      expect(stderr).toContain('busy: `delete remote OLD` runs since');
      expect(harness.simulator.requests.filter(({ status }) => status === 423)).not.toEqual([]);
      expect(harness.simulator.actions.map(({ command }) => command.split(' ')[0])).toEqual(
        step === 'create'
          ? ['list', 'delete', 'create', 'upload', 'list']
          : ['list', 'create', 'delete', 'upload', 'list'],
      );
    },
  );

  test('that refuses the upload past --wait: exit 11, and the next run settles', async ({
    harnessOf,
  }) => {
    const harness = await harnessOf({ version });
    harness.when('upload', () => harness.simulator.busyWith('watch', 60 * minute));
    expect((await harness.run('create-full', '--wait', '5m')).code).toBe(11);
    expectNothingBelieved(harness, undefined);
    const next = await harness.run('create-full');
    expect(next.code).toBe(0);
    expect(harness.journal).toBeUndefined();
  });
});

test('the 500 of a busy server counts as busy too', async ({ harness }) => {
  const answer = { status: 500, body: `${JSON.stringify({ ...locked, operation: 'create' })}\n` };
  harness.simulator.answerNext({ method: 'POST' }, answer);
  const { code, stderr } = await harness.run('create-full');
  expect(code).toBe(0);
  expect(stderr).toContain('busy: `another operation` runs');
  expect(posts(harness, 'create')).toBe(2);
});

test('all waits of a run share one --wait', async ({ harness }) => {
  harness.simulator.busyWith('upload ONE', 6 * minute);
  harness.when('upload', () => harness.simulator.busyWith('upload TWO', 6 * minute));
  const { code, stderr } = await harness.run('create-full', '--wait', '10m');
  expect(code).toBe(11);
  expect(stderr).toMatch(/\[ERROR\] .*`upload TWO`/);
});

test('without --wait a full waits 6 hours, a diff 30 minutes', async ({ harness }) => {
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

describe('a server that is not up', () => {
  test('yet is asked again', async ({ networkHarness: harness }) => {
    await harness.server.stopListening();
    harness.later(40 * second, () => harness.server.listenAgain());
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr.match(/no answer yet, asking again: .*connection refused/g)).toHaveLength(1);
    expect(posts(harness, 'create')).toBe(1);
  });

  test('within the connect timeout: exit 13', async ({ networkHarness: harness }) => {
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

  test('--connect-timeout sets how long', async ({ networkHarness: harness }) => {
    await harness.server.stopListening();
    const startMs = harness.clock.elapsed();
    const { code } = await harness.run('create-full', '--connect-timeout', '5s');
    expect(code).toBe(13);
    expect(harness.clock.elapsed() - startMs).toBeCloseTo(5 * second);
    await harness.server.listenAgain();
  });

  test('a host name that does not exist: exit 13', async ({ harness }) => {
    const running = harness.startRaw(['create-full', 'no-such-host.invalid']);
    const { code, stderr } = await running.done;
    expect(code).toBe(13);
    expect(stderr).toMatch(
      /no-such-host\.invalid does not answer: (no such host name|the host name)/,
    );
  });

  test('a server that hangs up each time: exit 13', async ({ harness }) => {
    harness.simulator.refuse = true;
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(13);
    expect(stderr).toContain('the connection was cut');
  });

  test('a server that takes requests and never answers: exit 13', async ({ harness }) => {
    harness.simulator.neverAnswer({ path: /./ });
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(13);
    expect(stderr).toContain('no answer within 30 s');
  });

  test('a proxy that cannot reach it is no answer', async ({ harness }) => {
    for (const status of [502, 503, 504]) {
      harness.simulator.answerNext({ path: /./ }, { status, body: '<html>Bad Gateway</html>' });
    }
    const { code } = await harness.run('create-full');
    expect(code).toBe(0);
  });

  test('while it uploads for us, 5 minutes of silence are waited out', async ({ harnessOf }) => {
    const harness = await harnessOf({ workMs: { upload: 20 * minute } }, { network: true });
    harness.when('upload', () => {
      harness.later(minute, () => harness.server.stopListening());
      harness.later(6 * minute, () => harness.server.listenAgain());
    });
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr.match(/no answer yet/g)).toHaveLength(1);
  });

  test('while it uploads for us, 10 minutes of silence: exit 13, settled later', async ({
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

  test('once its work for us is done, a minute of silence is enough: exit 13', async ({
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

  test('one cut connection after a long pause does not end the run', async ({ harness }) => {
    harness.simulator.showUploadsAfterLists(9);
    let proofs = 0;
    harness.onStep = (step) => {
      if (step !== 'verify-upload') return;
      proofs++;
      if (proofs > 6) harness.simulator.loseNextAnswer({ path: /./ }, { done: false });
    };
    const { code } = await harness.run('create-full');
    expect(code).toBe(0);
  });
});

describe.each(versions)('with a server %s', (version) => {
  test('refused credentials: exit 12 after one request', async ({ harnessOf }) => {
    const harness = await harnessOf({ version, password: 'another' });
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(12);
    expect(stderr).toMatch(/::::\[ERROR\] .* refused the credentials \(401\) \(check user and/);
    expect(harness.requests()).toHaveLength(1);
    expect(harness.lastBackup).toBeUndefined();
    expect(harness.journal).toBeUndefined();
  });

  describe.each(['create', 'upload'] as const)('the answer to the %s is lost', (what) => {
    test('though it was carried out: it is found in the log, not sent again', async ({
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

    test('and nothing came of it: failed after a minute, not sent again', async ({ harnessOf }) => {
      const harness = await harnessOf({ version });
      harness.simulator.addBackup('remote', { name: 'SOMEBODY_ELSES' });
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
      expectNothingBelieved(harness, undefined);
      expect(harness.journal).toBeUndefined();
    });

    test('since it never got there: it is sent again', async ({ harnessOf }) => {
      const harness = await harnessOf({ version });
      harness.when(what, () => {
        harness.hold(() => harness.server.stopListening());
        harness.later(20 * second, () => harness.server.listenAgain());
      });
      const { code } = await harness.run('create-full');
      expect(code).toBe(0);
      expect(posts(harness, what)).toBe(1);
    });

    test('the server was restarted, its rows are gone, the work with them', async ({
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
          `the ${what} of DIFF_\\S+ failed: its entry disappeared from the action log; possible reasons: the server was restarted, or 127\\S+ leads to several servers`,
        ),
      );
      expectNothingBelieved(harness, full);
      expect(posts(harness, what)).toBe(2);
      expect((await harness.run('create-diff')).code).toBe(0);
    });

    test.for(['stops', 'goes on'] as const)(
      'the server was restarted inside, its rows are all cancelled, the work %s',
      async (work, { harnessOf }) => {
        const harness = await harnessOf({ version });
        await harness.run('create-full');
        const full = harness.lastBackup;
        harness.when(what, () =>
          harness.later(0.5 * second, () => harness.simulator.restart({ rows: 'cancel', work })),
        );
        const { code, stderr } = await harness.run('create-diff');
        // The work that goes on has no row any more: nobody can wait for it.
        expect(code).toBe(1);
        expect(stderr).toMatch(/its row was cancelled: canceled via API \/restart/);
        expect(stderr).not.toContain('delete-local');
        expectNothingBelieved(harness, full);
        await harness.clock.sleep(minute);
        expect((await harness.run('create-diff')).code).toBe(0);
        expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
      },
    );
  });

  test('restarted during the upload, which it resumes: the list decides', async ({ harnessOf }) => {
    const harness = await harnessOf({ version });
    harness.when('upload', () =>
      harness.later(second, () => harness.simulator.restart({ rows: 'gone', work: 'stops' })),
    );
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /\[WARNING\] .*is complete, though its end was not seen: its entry disappeared from the action log/,
    );
    expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
  });

  test('restarted just after the upload: the list decides', async ({ harnessOf }) => {
    const harness = await harnessOf({ version, workMs: { upload: 10 * minute } });
    harness.when('upload', () =>
      harness.later(10 * minute + 1, () =>
        harness.simulator.restart({ rows: 'gone', work: 'stops', resume: false }),
      ),
    );
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr).toMatch(/\[WARNING\] .*is complete, though its end was not seen/);
  });

  test('restarted just after the create: the local list decides', async ({ harnessOf }) => {
    const harness = await harnessOf({ version, workMs: { create: 10 * minute } });
    harness.when('create', () =>
      harness.later(10 * minute + 1, () =>
        harness.simulator.restart({ rows: 'gone', work: 'stops', resume: false }),
      ),
    );
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr).toMatch(/\[WARNING\] how the create of .* ended is unknown/);
    expect(posts(harness, 'create')).toBe(1);
    expect(harness.simulator.isWhole(harness.lastBackup ?? '')).toBe(true);
  });

  describe('the storage is down', () => {
    test('before a full: the upload fails', async ({ harnessOf }) => {
      const harness = await harnessOf({ version });
      harness.simulator.storageDown = true;
      const { code, stderr } = await harness.run('create-full');
      expect(code).toBe(1);
      expect(stderr).toMatch(/the upload of FULL_\S+ could not be verified: .*connection refused/);
      expectNothingBelieved(harness, undefined);
    });

    test('before a diff: nothing is created', async ({ harnessOf }) => {
      const harness = await harnessOf({ version });
      await harness.run('create-full');
      const full = harness.lastBackup;
      harness.simulator.storageDown = true;
      expect((await harness.run('create-diff')).code).toBe(1);
      expect(posts(harness, 'create')).toBe(1);
      harness.simulator.storageDown = false;
      expectNothingBelieved(harness, full);
    });

    test.for(['create', 'upload'] as const)('from the %s on', async (step, { harnessOf }) => {
      const harness = await harnessOf({ version });
      await harness.run('create-full');
      const full = harness.lastBackup;
      harness.when(step, () =>
        harness.later(0.5 * second, () => (harness.simulator.storageDown = true)),
      );
      const { code, stderr } = await harness.run('create-diff');
      expect(code).toBe(1);
      expect(stderr).toMatch(/the upload of DIFF_\S+ could not be verified: .*connection refused/);
      harness.simulator.storageDown = false;
      expectNothingBelieved(harness, full);
      const next = await harness.run('create-diff');
      expect(next.code).toBe(0);
      expect(next.stderr).toMatch(/DIFF_\S+ of the previous run failed: /);
      expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toBe(full);
    });

    test('at the proof: exit 1, the journal stays, the next run records', async ({ harnessOf }) => {
      const harness = await harnessOf({ version });
      await harness.run('create-full');
      const full = harness.lastBackup;
      harness.when('uploaded', () => (harness.simulator.storageDown = true));
      const { code, stderr } = await harness.run('create-diff');
      expect(code).toBe(1);
      expect(stderr).toMatch(/lists no backups; it may be down.*the next run will check again/);
      harness.simulator.storageDown = false;
      expectNothingBelieved(harness, full);
      const { backup } = JSON.parse(harness.journal ?? '') as { backup: string };
      expect((await harness.run('create-diff')).code).toBe(0);
      expect(harness.simulator.remote.get(harness.lastBackup ?? '')?.required).toBe(backup);
    });

    test('still when the next diff comes: exit 1, the journal stays', async ({ harnessOf }) => {
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

    test('full: the upload fails, and its half is no base', async ({ harnessOf }) => {
      const harness = await harnessOf({ version });
      await harness.run('create-full');
      const full = harness.lastBackup;
      harness.simulator.fullStorage = true;
      const { code, stderr } = await harness.run('create-diff');
      expect(code).toBe(1);
      expect(stderr).toContain('552 Disk full');
      expectNothingBelieved(harness, full);
    });
  });

  test('a row that appears late is waited for', async ({ harnessOf }) => {
    const harness = await harnessOf({ version, workMs: { upload: 2 * minute } });
    harness.simulator.forgetUploadRowFor(20 * second);
    const { code } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(posts(harness, 'upload')).toBe(1);
  });

  test('nothing is listed while something runs', async ({ harnessOf }) => {
    const harness = await harnessOf({ version, workMs: { list: 5 * second } });
    harness.simulator.busyWith('upload SOMEBODY_ELSES', 3 * minute);
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

describe('answers that are not those of clickhouse-backup', () => {
  test.for([
    { what: 'a page instead of the list', path: /list/, status: 200, body: '<html>hello</html>' },
    { what: 'half a line of JSON', path: /list/, status: 200, body: '{"name":"x","loc' },
    { what: 'a redirect', path: /./, status: 302, body: '' },
    { what: 'a 404', path: /./, status: 404, body: 'Not Found' },
    { what: 'a row of an unknown status', path: /actions/, status: 200, body: '{"status":"odd"}' },
    { what: 'an array', path: /list/, status: 200, body: '[{"name":"x"}]' },
  ])('$what: exit 1, one line, nothing created', async ({ path, status, body }, { harness }) => {
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
  });

  test('a page instead of the acknowledgement: exit 1, settled later', async ({ harness }) => {
    harness.simulator.answerNext({ path: /upload/ }, { status: 200, body: '<html>hello</html>' });
    const { code } = await harness.run('create-full');
    expect(code).toBe(1);
    expectNothingBelieved(harness, undefined);
    expect((await harness.run('create-full')).code).toBe(0);
  });

  test('a POST that is refused with the server’s reason: exit 1', async ({ harness }) => {
    const body = '{"status":"error","operation":"create","error":"bad config: no such key"}';
    harness.simulator.answerNext({ method: 'POST' }, { status: 500, body });
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(1);
    expect(stderr).toMatch(/the create of FULL_\S+ failed: 500: bad config: no such key/);
  });
});

test('a list that takes 5 minutes is waited for', async ({ harnessOf }) => {
  const harness = await harnessOf({ workMs: { list: 5 * minute } });
  expect((await harness.run('create-full')).code).toBe(0);
});

test('a list that is too late is asked for once more, and only once', async ({ harness }) => {
  harness.simulator.delayNextAnswer({ path: /list\/local/ }, 11 * minute);
  expect((await harness.run('create-full')).code).toBe(0);
  expect(harness.requests(/list\/local/)).toHaveLength(2);
  const answer = harness.simulator.neverAnswer({ path: /list\/local/ }, { done: false });
  expect((await harness.run('create-full')).code).toBe(14);
  expect(harness.requests(/list\/local/)).toHaveLength(4);
  answer();
});

describe('a poll that fails while the server works for us', () => {
  const badConfig = '{"status":"error","operation":"actions","error":"yaml: line 3: found tab"}\n';

  test.for([
    { status: 500, body: badConfig },
    { status: 429, body: '<html>slow down</html>' },
    { status: 200, body: '{"command":"upl' },
  ])('$status: is asked again, and the run ends well', async ({ status, body }, { harnessOf }) => {
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
    expect(stderr.match(/no answer yet, asking again/g)).toHaveLength(1);
  });

  test('for 10 minutes: exit 1 with the server’s words, and the next run settles', async ({
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
    expect(stderr).toMatch(/the outcome of FULL_\S+ is unknown; the next run will check/);
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
