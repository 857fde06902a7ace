import { describe, expect, test } from 'vitest';
import { chainOf, findBackup, findRestorable, indexBackups } from '../../src/backup/chain.js';
import { brokenRow, chainRows, foreignRow, localRow, namesOf, remoteRow } from './rows.js';

describe('findBackup', () => {
  const rows = [localRow('A'), remoteRow('A', { sizeBytes: 7 }), localRow('B')];
  test('searches only the given location', () => {
    expect(findBackup(rows, 'remote', 'A')?.sizeBytes).toBe(7);
    expect(findBackup(rows, 'local', 'A')?.location).toBe('local');
    expect(findBackup(rows, 'remote', 'B')).toBeUndefined();
  });
});

describe('a name that is listed twice', () => {
  const old = localRow('A', { state: 'old-format' });
  test.for([
    ['ok and broken', [remoteRow('A'), brokenRow('A')], 'broken'],
    ['broken and ok', [brokenRow('A'), remoteRow('A')], 'broken'],
    ['old-format and ok', [old, localRow('A')], 'old-format'],
    ['ok and old-format', [localRow('A'), old], 'old-format'],
    ['ok and foreign', [localRow('A'), foreignRow('A')], 'broken'],
    ['foreign and old-format', [foreignRow('A'), old], 'broken'],
    ['both foreign', [foreignRow('A'), foreignRow('A')], 'foreign'],
    ['old-format and broken', [old, localRow('A', { state: 'broken' })], 'broken'],
    ['two equal entries', [remoteRow('A'), remoteRow('A')], 'ok'],
    ['with two different bases', [remoteRow('A', { required: 'B' }), remoteRow('A')], 'broken'],
  ] as const)('%s', ([, rows, state]) => {
    expect(indexBackups(rows).get('A')?.state).toBe(state);
    expect(indexBackups(rows).size).toBe(1);
  });

  test('keeps the description of the broken entry', () => {
    const rows = [remoteRow('A'), brokenRow('A')];
    expect(findBackup(rows, 'remote', 'A')?.description).toBe("broken (can't stat metadata.json)");
  });
});

describe('chainOf', () => {
  test('returns the chain down to its full backup', () => {
    const found = chainOf(chainRows('F', 'D1', 'D2').toReversed(), 'D2');
    expect(found.complete).toBe(true);
    expect(namesOf(found.chain)).toEqual(['D2', 'D1', 'F']);
  });

  test.for([
    ['backup missing', [], 'A', { kind: 'missing', name: 'A', description: '' }, []],
    ['backup broken', [brokenRow('A')], 'A', { kind: 'broken', name: 'A' }, ['A']],
    [
      'base missing',
      [remoteRow('A', { required: 'B' })],
      'A',
      { kind: 'base-missing', name: 'B', requiredBy: 'A' },
      ['A'],
    ],
    [
      'base broken',
      [remoteRow('A', { required: 'B' }), brokenRow('B')],
      'A',
      { kind: 'base-broken', name: 'B', requiredBy: 'A' },
      ['A', 'B'],
    ],
    [
      'base old-format, with an empty description',
      [localRow('A', { required: 'B' }), localRow('B', { state: 'old-format', description: '' })],
      'A',
      { kind: 'base-broken', name: 'B', requiredBy: 'A', description: 'old-format' },
      ['A', 'B'],
    ],
    [
      'based on itself',
      [remoteRow('A', { required: 'A' })],
      'A',
      { kind: 'cycle', name: 'A', requiredBy: 'A' },
      ['A'],
    ],
    [
      'based on a cycle',
      [
        remoteRow('A', { required: 'B' }),
        remoteRow('B', { required: 'C' }),
        remoteRow('C', { required: 'B' }),
      ],
      'A',
      { kind: 'cycle', name: 'B', requiredBy: 'C' },
      ['A', 'B', 'C'],
    ],
  ] as const)('%s', ([, rows, name, problem, names]) => {
    const found = chainOf(rows, name);
    expect(found).toMatchObject({ complete: false, problem });
    expect(namesOf(found.chain)).toEqual(names);
  });
});

describe('findRestorable', () => {
  test('agrees with chainOf in any list order', () => {
    const rows = [
      ...chainRows('F', 'D1', 'D2'),
      ...chainRows('gone', 'O1', 'O2').slice(1),
      brokenRow('B'),
      remoteRow('OnB', { required: 'B' }),
      remoteRow('C1', { required: 'C2' }),
      remoteRow('C2', { required: 'C1' }),
      remoteRow('AboveC', { required: 'C1' }),
    ];
    for (const list of [rows, rows.toReversed()]) {
      const whole = findRestorable(indexBackups(list));
      expect([...whole].toSorted()).toEqual(['D1', 'D2', 'F']);
      for (const { name } of list) expect(whole.has(name)).toBe(chainOf(list, name).complete);
    }
  });
});
