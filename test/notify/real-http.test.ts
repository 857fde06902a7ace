import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createGotTransport } from '../../src/http/got-transport.js';
import { describeFailures } from '../../src/notify/failure-text.js';
import { Monitor } from '../../src/notify/monitor.js';
import { scaledClock } from '../support/scaled-clock.js';

const certificates = path.resolve(import.meta.dirname, '../support/tls');
const read = (name: string) => readFileSync(path.join(certificates, name), 'utf8');

type Handler = http.RequestListener;

async function listen(server: net.Server | http.Server, scheme = 'http'): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function receive(handler: Handler) {
  const requests: { url: string; body: string; headers: http.IncomingHttpHeaders }[] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      requests.push({ url: request.url ?? '', body, headers: request.headers });
      handler(request, response);
    });
  });
  onTestFinished(() => server.closeAllConnections());
  return { requests, server };
}

/** Plays a run that ends with exit code 0. Time passes 50 times as fast. */
async function play(pingUrl: string) {
  const clock = scaledClock(50);
  const monitor = new Monitor({
    command: 'create-full',
    pingUrl,
    folder: undefined,
    openTransport: ({ baseUrl, credentials }) => {
      const none = { ca: undefined, clientCertificate: undefined, insecure: false };
      return createGotTransport({ baseUrl, credentials, ...none });
    },
    clock,
    signal: new AbortController().signal,
    redact: (text) => text,
  });
  monitor.lines.add('uploaded');
  await clock.sleep(10_000);
  const startMs = clock.elapsed();
  const failures = await monitor.finish(0);
  return { text: describeFailures(failures), ms: clock.elapsed() - startMs };
}

const silent: Handler = () => undefined;
const cuts: Handler = (request) => request.socket.destroy();
const fails: Handler = (_request, response) => response.writeHead(500).end();
const drips: Handler = (_request, response) => {
  response.writeHead(200);
  const timer = setInterval(() => response.write('x'), 20);
  response.on('close', () => clearInterval(timer));
};

describe('a receiver', () => {
  test('gets two requests, with the credentials of the URL only', async () => {
    const { requests, server } = receive((_request, response) => response.end('OK'));
    const url = await listen(server);
    const { text } = await play(`${url.replace('//', '//me:p%40ss@')}/UUID?create=1`);
    expect(text).toBeUndefined();
    expect(requests.map(({ url: target }) => target.replace(/rid=.*/, 'rid=ID'))).toEqual([
      '/UUID/start?create=1&rid=ID',
      '/UUID/0?create=1&rid=ID',
    ]);
    expect(requests.map(({ body }) => body)).toEqual(['', 'uploaded\n']);
    expect(requests[0]?.headers.authorization).toBe(`Basic ${btoa('me:p@ss')}`);
  });

  test('without credentials in the URL gets none', async () => {
    const { requests, server } = receive((_request, response) => response.end('OK'));
    await play(`${await listen(server)}/UUID`);
    expect(requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });

  test('that fails at first is asked again', async () => {
    let count = 0;
    const { requests, server } = receive((_request, response) => {
      count += 1;
      response.writeHead(count === 1 ? 503 : 200).end();
    });
    expect((await play(`${await listen(server)}/UUID`)).text).toBeUndefined();
    expect(requests.map(({ url }) => url.split('?')[0])).toEqual([
      '/UUID/start',
      '/UUID/start',
      '/UUID/0',
    ]);
  });

  test('that redirects is not followed, and the other host gets nothing', async () => {
    const other = receive((_request, response) => response.end('OK'));
    const target = await listen(other.server);
    const { server } = receive((_request, response) => {
      response.writeHead(307, { location: `${target}/UUID/0` }).end();
    });
    const { text } = await play(`${await listen(server)}/UUID`);
    expect(text).toBe(
      'the start ping was not delivered: the answer was HTTP 307, a redirect, which is not followed; the final ping was not delivered: the answer was HTTP 307, a redirect, which is not followed',
    );
    expect(other.requests).toEqual([]);
  });

  test.for([
    ['accepts and never answers', silent, 'no answer in time'],
    ['answers byte by byte, forever', drips, 'no answer in time'],
    ['cuts the connection', cuts, 'the connection was cut'],
    ['always fails', fails, 'HTTP 500'],
  ] as const)('that %s costs at most 30 s', async ([, handler, reason]) => {
    const { server } = receive(handler);
    const { text, ms } = await play(`${await listen(server)}/UUID`);
    expect(text).toMatch(new RegExp(`the final ping was not delivered: .*${reason}$`));
    // Timers of a loaded machine are late.
    expect(ms).toBeLessThan(40_000);
  });

  test('that refuses connections, or speaks another protocol, is named by its failure', async () => {
    const refusing = net.createServer();
    const url = await listen(refusing);
    await new Promise((resolve) => void refusing.close(resolve));
    expect((await play(`${url}/UUID`)).text).toMatch(/not delivered: connection refused$/);
    const ssh = net.createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'));
    expect((await play(`${await listen(ssh)}/UUID`)).text).toMatch(
      /the final ping was not delivered: the response is not HTTP$/,
    );
  });

  test('with a certificate of an unknown CA gets nothing', async () => {
    let count = 0;
    const server = https.createServer(
      { key: read('server.key'), cert: read('server.pem') },
      (_request, response) => {
        count += 1;
        response.end();
      },
    );
    const { text } = await play(`${await listen(server, 'https')}/UUID`);
    expect(text).toMatch(/the final ping was not delivered: \S*(CERT|VERIFY|ISSUER|SIGNATURE)/);
    expect(text).not.toContain('127.0.0.1');
    expect(count).toBe(0);
  });
});
