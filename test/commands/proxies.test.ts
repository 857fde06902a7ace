import { describe, expect } from 'vitest';
import { beforeRequest } from '../support/before-request.js';
import { type Harness, test, versions } from '../support/harness.js';

const second = 1000;
const minute = 60 * second;

const posts = (harness: Harness, what: string) =>
  harness.requests(new RegExp(`^POST /backup/${what}`)).length;

/** Returns an HTML page like those that proxies send. */
const page = (title: string) =>
  `<html>\r\n<head><title>${title}</title></head>\r\n<body>nginx</body></html>`;

const tooMany = { status: 429, body: page('429 Too Many Requests') };

/** Runs a command and returns its exit code and its only error line. */
async function errorOf(harness: Harness, ...argv: [string, ...string[]]) {
  const { code, stderr } = await harness.run(...argv);
  const lines = stderr.split('\n').filter((line) => line.includes('::::[ERROR]'));
  expect(lines).toHaveLength(1);
  expect(stderr).not.toMatch(/<[a-z!/]/i);
  return { code, error: lines[0]?.replace(/^.*::::\[ERROR\] /, '') ?? '' };
}

describe('a proxy that answers 429', () => {
  test.for(versions)(
    'to three of ten requests does not make a run fail (%s)',
    async (version, { harnessOf }) => {
      const harness = await harnessOf({ version });
      harness.simulator.rateLimit = true;
      for (const command of ['create-full', 'create-diff', 'create-diff']) {
        expect((await harness.run(command)).code).toBe(0);
      }
      const deleted = await harness.run('delete-remote', '--all', '--yes');
      expect(deleted.code).toBe(0);
      const done = harness.simulator.actions.map(({ command }) => command);
      for (const what of ['create ', 'upload ', 'delete ']) {
        expect(done.filter((command) => command.startsWith(what))).toHaveLength(3);
      }
      const refused = harness.simulator.requests.filter(({ status }) => status === 429);
      expect(refused.some(({ method }) => method === 'GET')).toBe(true);
      expect(refused.some(({ method }) => method === 'POST')).toBe(true);
    },
  );

  test.for([
    ['20', 20 * second],
    [new Date(Date.parse('2026-11-22T10:00:30')).toUTCString(), 30 * second],
    // Never sooner than the usual pause, which also applies if the value is not a valid time.
    ['0', 0.5 * second],
    ['soon', 0.5 * second],
    [new Date(0).toUTCString(), 0.5 * second],
    // At most as long as the connect timeout.
    ['86400', minute],
  ] as const)(
    'with Retry-After: %s gets the request again at that time',
    async ([text, ms], { harness }) => {
      harness.simulator.answerNext({}, { ...tooMany, headers: { 'retry-after': text } });
      const startMs = harness.clock.elapsed();
      expect((await harness.run('list')).code).toBe(0);
      expect(harness.simulator.requests[1]?.atMs).toBe(startMs + ms);
    },
  );

  test.for(['create', 'upload'])('to the %s gets it again', async (what, { harness }) => {
    for (let n = 0; n < 3; n++) {
      harness.simulator.answerNext({ method: 'POST', path: new RegExp(`/${what}`) }, tooMany);
    }
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(posts(harness, what)).toBe(4);
    expect(stderr.match(/\[WARNING\]/g)).toHaveLength(1);
    expect(stderr).toMatch(/no response, retrying: \S+: 429 Too Many Requests/);
  });

  test('to the delete gets it again', async ({ harness }) => {
    await harness.run('create-full');
    harness.simulator.answerNext({ method: 'POST', path: /delete/ }, tooMany);
    expect((await harness.run('delete-remote', '--all', '--yes')).code).toBe(0);
    expect(posts(harness, 'delete')).toBe(2);
    expect(harness.simulator.remote.size).toBe(0);
  });

  test.for(['create', 'upload', 'delete'])(
    'to a %s that was duplicated on its way does not get it again',
    async (what, { harness }) => {
      await harness.run('create-full');
      beforeRequest(harness, new RegExp(`^POST /backup/${what}`), ({ method, path }) => {
        const headers = { authorization: harness.simulator.requests.at(-1)?.authorization };
        harness.hold(() => harness.simulator.handle({ method, path, headers, body: '' }));
        harness.simulator.answerNext({ method: 'POST' }, tooMany);
      });
      const argv = what === 'delete' ? ['delete-remote', '--all', '--yes'] : ['create-full'];
      const { code } = await harness.run(...(argv as [string, ...string[]]));
      expect(code).toBe(0);
      const sent = harness.simulator.requests.filter(
        ({ method, path }) => method === 'POST' && path.includes(what),
      );
      // After the request of the first run: the one that was accepted and the one that was refused.
      expect(sent.slice(what === 'delete' ? 0 : 1).map(({ status }) => status)).toEqual([
        what === 'create' ? 201 : 200,
        429,
      ]);
    },
  );

  test('to every POST, but not to the action log, leads to exit 13 after the connect timeout', async ({
    harness,
  }) => {
    for (let n = 0; n < 1000; n++) harness.simulator.answerNext({ method: 'POST' }, tooMany);
    const startMs = harness.clock.elapsed();
    expect((await harness.run('create-full')).code).toBe(13);
    expect(harness.clock.elapsed() - startMs).toBeCloseTo(minute);
    expect(harness.requests(/^GET .*filter=FULL/).length).toBeGreaterThan(5);
  });

  test.for([
    ['GET', 0],
    ['POST', 1],
  ] as const)(
    'to every %s leads to exit 13 after the connect timeout, with a hint about its limit',
    async ([method, journals], { harness }) => {
      for (let n = 0; n < 100; n++) harness.simulator.answerNext({ method }, tooMany);
      const startMs = harness.clock.elapsed();
      const { code, error } = await errorOf(harness, 'create-full');
      expect(code).toBe(13);
      expect(error).toBe(
        `${harness.host} refuses requests: 429 Too Many Requests (a proxy in front of clickhouse-backup limits the rate of requests; raise its limit, or allow more time with --connect-timeout)`,
      );
      expect(harness.clock.elapsed() - startMs).toBeCloseTo(minute);
      expect(harness.journal === undefined ? 0 : 1).toBe(journals);
      harness.simulator.clearFaults();
      expect((await harness.run('create-full')).code).toBe(0);
    },
  );

  test('for 9 minutes during an upload does not end the run', async ({ harnessOf }) => {
    const harness = await harnessOf({ workMs: { upload: 30 * minute } });
    harness.when('upload', () =>
      harness.later(5 * minute, () => {
        for (let n = 0; n < 9; n++) {
          const headers = { 'retry-after': '60' };
          harness.simulator.answerNext({ path: /actions/ }, { ...tooMany, headers });
        }
      }),
    );
    expect((await harness.run('create-full')).code).toBe(0);
    const polls = harness.simulator.requests.filter(({ path }) => /filter=FULL/.test(path));
    const last = polls.findLastIndex(({ status }) => status === 429);
    const pauses = polls
      .slice(last + 1)
      .map(({ atMs }, at) => atMs - (polls[last + at]?.atMs ?? 0));
    expect(pauses[0]).toBe(minute);
    expect(Math.max(...pauses.slice(1))).toBeCloseTo(15 * second);
  });
});

describe('a proxy that answers the upload with', () => {
  test.for([421, 425, 429])(
    '%i has not passed it on, so it is sent again',
    async (status, { harness }) => {
      harness.simulator.answerNext({ path: /upload/ }, { status, body: page(`${status}`) });
      expect((await harness.run('create-full')).code).toBe(0);
      expect(posts(harness, 'upload')).toBe(2);
    },
  );

  test.for([408, 502, 503, 504])(
    '%i may have passed it on, so it is not sent again',
    async (status, { harness }) => {
      const headers = { 'retry-after': '1' };
      harness.simulator.answerNext({ path: /upload/ }, { status, headers, body: page('-') });
      const { code, error } = await errorOf(harness, 'create-full');
      expect(code).toBe(1);
      expect(error).toContain(`the answer was lost (answered ${status})`);
      expect(posts(harness, 'upload')).toBe(1);
    },
  );
});

test.for([408, 421, 425, 429, 502, 503, 504])(
  'sends a GET that is answered with %i again after Retry-After',
  async (status, { harness }) => {
    const headers = { 'retry-after': '40' };
    harness.simulator.answerNext({}, { status, headers, body: page('-') });
    const startMs = harness.clock.elapsed();
    expect((await harness.run('create-full')).code).toBe(0);
    expect(harness.simulator.requests[1]?.atMs).toBe(startMs + 40 * second);
  },
);

describe('a redirect', () => {
  const redirect = (status: number, location: string) => {
    const body = `<a href="${location}">Moved Permanently</a>.\n\n`;
    return { status, headers: { location }, body };
  };

  test.for([301, 302, 303, 307, 308])(
    '%i to the same path on another host leads to exit 1, with that host in the hint',
    async (status, { harness }) => {
      harness.simulator.answerNext(
        { path: /version|actions/ },
        redirect(status, 'https://rlAPIuser:geheim@ch.example.org/backup/actions?token=geheim'),
      );
      const { code, error } = await errorOf(harness, 'create-full');
      expect([code, error]).toEqual([
        1,
        // A host without a port means 7171.
        `${harness.host} redirects to https://ch.example.org:443 (use https://ch.example.org:443 as the host)`,
      ]);
    },
  );

  test.for([
    ['https://sso.example.org/login?next=geheim', 'https://sso.example.org:443'],
    ['http://[::1]:8080/', 'http://[::1]:8080'],
    ['/login?next=geheim', '/login'],
    ['login.html#geheim', '/backup/login.html'],
    ['//sso.example.org/geheim', 'http://sso.example.org:80'],
  ] as const)(
    'to another page, %s, leads to exit 1 and names the page',
    async ([location, shown], { harness }) => {
      harness.simulator.answerNext({}, redirect(302, location));
      const { code, error } = await errorOf(harness, 'create-full');
      expect(code).toBe(1);
      expect(error).toMatch(
        / redirects \/backup\/\S+ to \S+ \(check that host and port are those of/,
      );
      expect(error).toContain(` to ${shown} (`);
      expect(error).not.toContain('geheim');
    },
  );

  test.for(['', 'javascript:geheim()', 'https://'])(
    'to "%s", which is not a valid address, leads to exit 1',
    async (location, { harness }) => {
      harness.simulator.answerNext({}, redirect(302, location));
      const { code, error } = await errorOf(harness, 'create-full');
      expect(code).toBe(1);
      expect(error).toContain(`${harness.host} `);
      expect(error).not.toContain('geheim');
    },
  );

  test.for(['create', 'upload'])('of the %s leads to exit 1 at once', async (what, { harness }) => {
    harness.simulator.addBackup('remote', { name: 'OTHER' });
    const answer = redirect(307, 'https://sso.example.org/login?next=geheim');
    harness.simulator.answerNext({ method: 'POST', path: new RegExp(`/${what}`) }, answer);
    const startMs = harness.clock.elapsed();
    const { code, error } = await errorOf(harness, 'create-full');
    expect(code).toBe(1);
    expect(error).toMatch(
      new RegExp(
        `the ${what === 'create' ? 'creation' : what} of backup FULL_\\S+ failed: 307: a redirect to https://sso.example.org:443`,
      ),
    );
    expect(harness.clock.elapsed() - startMs).toBeLessThan(minute);
    expect(harness.journal).toBeUndefined();
  });

  test('of a poll during an upload counts as no response', async ({ harnessOf }) => {
    const harness = await harnessOf({ workMs: { upload: 20 * minute } });
    harness.when('upload', () =>
      harness.later(5 * minute, () => {
        for (let n = 0; n < 20; n++) {
          harness.simulator.answerNext({ path: /actions/ }, redirect(302, '/login'));
        }
      }),
    );
    const { code, stderr } = await harness.run('create-full');
    expect(code).toBe(0);
    expect(stderr).toMatch(/no response, retrying: .* redirects \S+ to \/login/);
  });
});

describe('a page that does not come from clickhouse-backup', () => {
  test.for([
    [200, page('Grafana'), / to \/backup\/\S+: an HTML page titled "Grafana" \(check that host/],
    [
      200,
      '<!doctype html><script>1</script>',
      /unexpected response from \S+ to \/\S+: an HTML page \(/,
    ],
    [200, '\ufeff\n<?xml version="1.0"?><ListBuckets/>', /: an HTML page \(/],
    [
      404,
      page('404 Not Found'),
      / with 404: an HTML page titled "404 Not Found" \(check that host/,
    ],
    [
      404,
      '<html><body><h1>Not here</h1></body></html>',
      / with 404: an HTML page titled "Not here" \(/,
    ],
    [
      400,
      page('400 No required SSL certificate was sent'),
      /titled "400 No required SSL certificate was sent"/,
    ],
    [
      400,
      'Client sent an HTTP request to an HTTPS server.\n',
      /server\. \(write the host as https:\/\/NAME\)/,
    ],
    [
      400,
      page('400 The plain HTTP request was sent to HTTPS port'),
      /\(write the host as https:\/\/NAME\)/,
    ],
    [404, 'Not Found\n', / with 404: Not Found \(check that host and port/],
    [418, '', / with 418: \(no text\) \(check that/],
    [404, `<title>\u001b[2J${'y'.repeat(300)}`, / an HTML page titled "y{100}" \(/],
  ] as const)(
    'exits with 1 for %i %j and does not print its HTML',
    async ([status, body, expected], { harness }) => {
      harness.simulator.answerNext({ path: /actions|list/ }, { status, body });
      const { code, error } = await errorOf(harness, 'create-full');
      expect(code).toBe(1);
      expect(error).toMatch(expected);
      expect(error.length).toBeLessThan(400);
    },
  );

  test('exits with 12 for a 401 of a proxy and says that it comes from a proxy', async ({
    harness,
  }) => {
    const body = page('401 Authorization Required');
    harness.simulator.answerNext({}, { status: 401, body });
    const { code, error } = await errorOf(harness, 'create-full');
    expect(code).toBe(12);
    expect(error).toMatch(
      /rejected the credentials \(401\) \(the answer is from a proxy in front of/,
    );
  });

  test('checks the action log after a 200 page to the upload and does not print its HTML', async ({
    harness,
  }) => {
    harness.simulator.answerNext({ path: /upload/ }, { status: 200, body: page('Login') });
    const { code, error } = await errorOf(harness, 'create-full');
    expect(code).toBe(1);
    expect(error).toMatch(/the answer was lost \(unexpected response from \S+ to \/backup\/upload/);
  });
});

describe('a proxy that answers 404 to a question about the version', () => {
  const notFound = { status: 404, body: page('404 Not Found') };

  test.for(['/backup/version', '/'])(
    '(%s) does not make a run treat the server as an old one',
    async (path, { harnessOf }) => {
      // 2.8.1 was recorded as a development build, so its routes are read too.
      const harness = await harnessOf({ version: '2.8.1' });
      await harness.run('create-full');
      harness.simulator.local.clear();
      harness.simulator.answerNext({ path: new RegExp(`^${path}$`) }, notFound);
      const { code, stderr } = await harness.run('create-diff');
      expect(code).toBe(0);
      expect(stderr).not.toContain('in full');
      expect(harness.requests(new RegExp(`^GET ${path}$`))).toHaveLength(2);
      expect(posts(harness, 'upload/.*diff-from-remote')).toBe(1);
    },
  );

  test('each time fails after the connect timeout and names the answer', async ({ harness }) => {
    await harness.run('create-full');
    for (let n = 0; n < 100; n++) {
      harness.simulator.answerNext({ path: /^\/backup\/version$/ }, notFound);
    }
    const startMs = harness.clock.elapsed();
    const { code, error } = await errorOf(harness, 'list');
    expect([code, harness.clock.elapsed() - startMs]).toEqual([1, minute]);
    expect(error).toContain(
      'answered /backup/version with 404: an HTML page titled "404 Not Found"',
    );
  });
});
