import { describe, expect, test } from 'vitest';
import { addressOf } from '../../src/notify/ping-address.js';

const values = { command: 'create-diff', shard: 'ch-1_7172' };

describe('the path of a ping', () => {
  test.for([
    ['https://hc-ping.com/UUID', 'https://hc-ping.com', '/UUID/0?rid=ID'],
    ['https://hc-ping.com/UUID/', 'https://hc-ping.com', '/UUID/0?rid=ID'],
    [
      'HTTPS://hc.example.org:8443/ping/UUID//',
      'https://hc.example.org:8443',
      '/ping/UUID/0?rid=ID',
    ],
    ['http://hc', 'http://hc', '/0?rid=ID'],
    ['http://hc/?create=1', 'http://hc', '/0?create=1&rid=ID'],
    [
      'http://hc/KEY/{command}?create=1&x=%20',
      'http://hc',
      '/KEY/create-diff/0?create=1&x=%20&rid=ID',
    ],
    ['http://hc/KEY/{shard}-{command}', 'http://hc', '/KEY/ch-1_7172-create-diff/0?rid=ID'],
    ['http://hc/{shard}/{shard}', 'http://hc', '/ch-1_7172/ch-1_7172/0?rid=ID'],
    ['http://hc/K?name={command}', 'http://hc', '/K/0?name=create-diff&rid=ID'],
    ['http://[::1]:8000/U', 'http://[::1]:8000', '/U/0?rid=ID'],
  ] as const)('%s', ([url, baseUrl, path]) => {
    const address = addressOf(url, values);
    expect([address.baseUrl, address.credentials, address.pathOf('0', 'ID')]).toEqual([
      baseUrl,
      undefined,
      path,
    ]);
  });

  test('does not contain credentials of the URL', () => {
    const address = addressOf('https://me:p%40ss%3A@hc.example.org/U', values);
    expect(address.credentials).toEqual({ user: 'me', password: 'p@ss:' });
    expect(address.baseUrl).toBe('https://hc.example.org');
    expect(address.pathOf('start', 'ID')).toBe('/U/start?rid=ID');
  });
});
