import { describe, expect, test } from 'vitest';
import { parseHost } from '../../src/config/host.js';

describe('parseHost returns the URL and the file name of a host', () => {
  test.for([
    ['clickhouse-backup-api', 'http://clickhouse-backup-api:7171', 'clickhouse-backup-api'],
    ['ch1.example.org', 'http://ch1.example.org:7171', 'ch1.example.org'],
    ['CH1', 'http://CH1:7171', 'CH1'],
    ['ch1:7171', 'http://ch1:7171', 'ch1'],
    ['ch1:8080', 'http://ch1:8080', 'ch1_8080'],
    ['http://ch1', 'http://ch1:7171', 'ch1'],
    ['http://ch1:80', 'http://ch1:80', 'ch1_80'],
    ['https://ch1', 'https://ch1:7171', 'ch1'],
    ['HTTPS://ch1:443', 'https://ch1:443', 'ch1_443'],
    ['10.0.0.1', 'http://10.0.0.1:7171', '10.0.0.1'],
    ['10.0.0.1:99', 'http://10.0.0.1:99', '10.0.0.1_99'],
    ['[::1]', 'http://[::1]:7171', '---1-'],
    ['[fe80::1]:7272', 'http://[fe80::1]:7272', '-fe80--1-_7272'],
    ['https://[2001:db8::7]:7171', 'https://[2001:db8::7]:7171', '-2001-db8--7-'],
    ['http://ch1:7171/', 'http://ch1:7171', 'ch1'],
    ['https://ch1/', 'https://ch1:7171', 'ch1'],
    ['ch1:8080/', 'http://ch1:8080', 'ch1_8080'],
    ['[::1]/', 'http://[::1]:7171', '---1-'],
    ['clickhouse_backup', 'http://clickhouse_backup:7171', 'clickhouse-backup'],
  ] as const)('%s', ([text, baseUrl, fileName]) => {
    expect(parseHost(text)).toMatchObject({ label: text, baseUrl, fileName });
  });

  test.for(['/', '//', 'ch1//', 'http:///', 'ch1/x', 'ch1/x/', 'ch1/?'])(
    '%s is refused',
    (text) => {
      expect(() => parseHost(text)).toThrow(/^(invalid host|the host must not contain a path)/);
    },
  );

  test('returns different file names for an underscore and for a port', () => {
    expect(parseHost('ch_8080').fileName).not.toBe(parseHost('ch:8080').fileName);
  });
});
