import { expect, test } from 'vitest';
import { looksExpanded, tooManyLookExpanded } from '../../src/config/expanded-host.js';

test.for<[host: string, user: string, password?: string]>([
  ['ch-1', 'ch-2', 'ch-3'],
  ['ch-1', 'ch-2'],
  ['ch-1', 'ch-2', 'secret!'],
  ['ch-9', 'ch-10', 'ch-11'],
  ['ch-1', 'ch-11'],
  ['ch1.example.org', 'ch2.example.org'],
  ['ch-1-1', 'ch-1-2', 'ch-2-1'],
  ['10.0.0.1', '10.0.0.2', '10.0.0.3'],
  ['ch-1a', 'ch-1b'],
  ['cha', 'chb', 'chc'],
  ['eu.ch.test', 'us.ch.test', 'ap.ch.test'],
  ['https://ch01:7272', 'https://ch02:7272'],
  ['[::1]:99', '[::2]:99'],
  ['ch-1,x', 'ch-2,x'],
  ['ch-1|x-1', 'ch-2|x-1'],
])('%s %s %s looks expanded', ([host, user, password]) => {
  expect(looksExpanded(host, user, password)).toBe(true);
});

test.for<[host: string | undefined, user?: string | undefined, password?: string]>([
  [undefined],
  [undefined, 'ch-1', 'ch-2'],
  ['ch-1'],
  ['ch-1', undefined, 'ch-2'],
  ['ch1.example.org', 'ch1'],
  ['ch1.example.org', 'ch1', 'ch2'],
  ['ch1', 'ch1'],
  ['ch1', 'ch1', 'ch1'],
  ['backup', 'backup', 'backup'],
  ['ch-main', 'ch-backup'],
  ['clickhouse-eu', 'clickhouse-api'],
  ['ch-main', 'ch-admin', 'ch-secret'],
  ['a', 'b', 'c'],
  ['db', 'da'],
  ['ch1', 'backup', 'ch2'],
  ['ch1', '1', '2'],
  ['1', '2', '3'],
  ['ch-1', 'ch-2!'],
  ['ch1', 'ch'],
  ['ch', 'ch1'],
  ['localhost', 'default', 'changeme'],
])('%s %s %s does not look expanded', ([host, user, password]) => {
  expect(looksExpanded(host, user, password)).toBe(false);
});

test.for<[isExpanded: boolean, ...given: string[]]>([
  [true, 'ch-eu', 'ch-us', 'u', 'p'],
  [true, 'ch-eu', 'ch-us', 'ch-ap', 'u', 'p'],
  [true, 'ch-1', 'ch-2', 'ch-3', 'u', 'p'],
  [false, 'ch-main', 'ch-backup', 'u', 'p'],
  [false, 'ch1', 'u', 'p', 'p'],
  [false],
])('too many arguments look expanded: %s', ([isExpanded, ...given]) => {
  expect(tooManyLookExpanded(given)).toBe(isExpanded);
});
