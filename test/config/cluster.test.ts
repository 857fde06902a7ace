import { describe, expect, test } from 'vitest';
import { isClusterNotation, parseCluster } from '../../src/config/cluster.js';
import { ConfigError } from '../../src/errors.js';

describe('parseCluster expands the notation of remote()', () => {
  test.for<[text: string, ...labels: string[]]>([
    ['ch1', 'ch1'],
    ['ch1:8080', 'ch1:8080'],
    ['a,b', 'a', 'b'],
    ['a|b', 'a|b'],
    ['a|b,c|d', 'a|b', 'c|d'],
    ['ch-{1..3}{a|b}', 'ch-1a|ch-1b', 'ch-2a|ch-2b', 'ch-3a|ch-3b'],
    ['ch-{a|b}{1..2}', 'ch-a1|ch-b1', 'ch-a2|ch-b2'],
    ['{a,b}{1,2}', 'a1', 'a2', 'b1', 'b2'],
    ['ch{a|b}{x|y}', 'chax|chay|chbx|chby'],
    ['ch{a|b}|old{1|2}', 'cha|chb|old1|old2'],
    ['ch{01..03}', 'ch01', 'ch02', 'ch03'],
    ['ch{09..10}', 'ch09', 'ch10'],
    ['ch{9..10}', 'ch9', 'ch10'],
    ['ch{0..2}', 'ch0', 'ch1', 'ch2'],
    ['ch{007..007}|b', 'ch007|b'],
    [
      'chi-{0..1}-{0|1}.test:72',
      'chi-0-0.test:72|chi-0-1.test:72',
      'chi-1-0.test:72|chi-1-1.test:72',
    ],
    ['https://ch-{1,2}/', 'https://ch-1/', 'https://ch-2/'],
    ['{http://a:1,https://b}', 'http://a:1', 'https://b'],
    ['{10.0.0.1,10.0.0.2}:9{1|2}', '10.0.0.1:91|10.0.0.1:92', '10.0.0.2:91|10.0.0.2:92'],
    ['[2001:db8::{1,2}]:99', '[2001:db8::1]:99', '[2001:db8::2]:99'],
    ['[::1]|[::2]:99', '[::1]|[::2]:99'],
  ])('%s', ([text, ...labels]) => {
    expect(parseCluster(text).map(({ label }) => label)).toEqual(labels);
  });

  test('each replica is a host as parsed alone', () => {
    expect(parseCluster('https://ch{1..2}:99')[1]?.replicas).toEqual([
      {
        label: 'https://ch2:99',
        fileName: 'ch2_99',
        agentFileName: 'ch2',
        baseUrl: 'https://ch2:99',
      },
    ]);
  });

  test('accepts 1000 shards of 32 replicas', () => {
    const shards = parseCluster(`ch{0001..1000}${'{a|b}'.repeat(5)}`);
    expect(shards).toHaveLength(1000);
    expect(new Set(shards.map(({ replicas }) => replicas.length))).toEqual(new Set([32]));
    expect(shards.at(-1)?.label).toMatch(/^ch1000aaaaa\|ch1000aaaab\|.*\|ch1000bbbbb$/);
  });
});

const missing = 'a host is missing';
const neither = 'these braces contain neither a list nor a range';
const both = 'these braces contain both commas and pipes';
const rangeAndList = 'these braces contain both a range and a list';
const range = 'this range is not valid';
const zeros = 'the numbers of this range have leading zeros, but not the same length';
const nested = 'braces inside braces are not supported';
const beside = 'braces for shards cannot be combined with a pipe outside of braces';
const many = 'the list has more than 1000 shards';
const manyReplicas = 'a shard has more than 32 replicas';

describe('parseCluster points at what is not valid', () => {
  test.for<[text: string, place: number, problem: string]>([
    [',', 1, missing],
    ['a,,b', 3, missing],
    ['a||b', 3, missing],
    ['a,b,', 5, missing],
    ['|a', 1, missing],
    ['a,|b', 3, missing],
    ['ch{,1}', 4, missing],
    ['ch{a,}', 6, missing],
    ['ch{a||b}', 6, missing],
    ['ch{}', 3, neither],
    ['a,ch{1}', 5, neither],
    ['a-{1,b|c}', 3, both],
    ['a{1..3,5}', 2, rangeAndList],
    ['a{b..c|d}', 2, rangeAndList],
    ['a{b..d}', 2, range],
    ['a{..3}', 2, range],
    ['a{1..}', 2, range],
    ['a{1...3}', 2, range],
    ['a{1..9..2}', 2, range],
    ['a{-1..3}', 2, range],
    ['a{1..9999999999999999}', 2, range],
    ['b,a{3..1}', 4, 'this range is descending'],
    ['a{001..12}', 2, zeros],
    ['a{8..012}', 2, zeros],
    ['a{b,c{1,2}}', 6, nested],
    ['a{b|c{1..2}}', 6, nested],
    ['{{a,b}}', 2, nested],
    ['ch-{1..3}a|ch-{1..3}b', 11, beside],
    ['x,a|b{1,2}', 4, beside],
    ['a, b', 3, 'a space is not allowed'],
    ['a{1,\n2}', 5, 'a space is not allowed'],
    ['ch-{1..3', 4, 'this brace is not closed'],
    ['ch-{1,ch-{2,3}', 4, 'this brace is not closed'],
    ['ch-{1,', 4, 'this brace is not closed'],
    ['3}', 2, 'this brace was not opened'],
    ['a{1,2}}', 7, 'this brace was not opened'],
    ['good,-bad', 6, 'invalid host'],
    ['good|12', 6, 'invalid host'],
    ['a,b:99999', 3, 'the port of the host is out of range'],
    ['a,b/c', 3, 'the host must not contain a path or query'],
    ['a,b,A:7171', 5, 'shard 3 contains a host of shard 1'],
    ['a|b,c|http://b', 7, 'shard 2 contains a host of shard 1'],
    ['x,c_1|c-1', 7, 'shard 2 contains the same host twice'],
    ['x,c{1,1}', 3, 'shard 3 contains a host of shard 2'],
    ['ch{1..1001}', 1, many],
    ['x,ch{1..1000}', 3, many],
    ['{1..999999999}', 1, many],
    ['{1..100}{1..100}', 1, many],
    [`{1..2}${'{1,2}'.repeat(2000)}`, 1, many],
    ['{a|b}'.repeat(6), 1, manyReplicas],
    [`x,${'a|'.repeat(40)}b`, 67, manyReplicas],
    [`x,${'a'.repeat(301)}`, 3, 'a host is too long'],
    ['{1..1}'.repeat(5000), 1, 'a host is too long'],
  ])('%s', ([text, place, problem]) => {
    expect(errorOf(text).message).toBe(
      `the host list is not valid at character ${place}: ${problem}`,
    );
  });

  test.for(['ch-{1,', '3}', 'ch-{1..3'])('%s was split by the shell', (text) => {
    expect(errorOf(text).hint).toBe('put the host in quotes: the shell has split or expanded it');
  });

  test('the hint of a single host stays', () => {
    expect(errorOf('a,-b').hint).toBe(errorOf('-b').hint);
  });

  test('refuses a text that is too long', () => {
    expect(errorOf('a,'.repeat(65_537)).message).toBe(
      'the host list is longer than 131072 characters',
    );
  });

  test.for([
    ['', 'the host is empty'],
    ['-b', 'invalid host'],
    ['http://me:pa,ss{w@ch1', 'the host must not contain credentials'],
  ] as const)('%s is refused as a single host', ([text, problem]) => {
    expect(errorOf(text).message).toBe(problem);
  });
});

function errorOf(text: string): ConfigError {
  try {
    parseCluster(text);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('no error');
}

test.for([
  ['ch1', false],
  ['[::1]:99', false],
  ['http://ch1/', false],
  ['a,b', true],
  ['a|b', true],
  ['a{1', true],
] as const)('isClusterNotation of %s is %s', ([text, expected]) => {
  expect(isClusterNotation(text)).toBe(expected);
});
