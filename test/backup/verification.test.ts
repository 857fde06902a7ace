import { describe, expect, test } from 'vitest';
import { chooseBaseUse, verifyBackup, verifyUpload } from '../../src/backup/verification.js';
import { brokenRow, chainRows, localRow, remoteRow } from './rows.js';

const on = (name: string, required: string) => remoteRow(name, { required });

describe('verifyBackup', () => {
  test('verifies a full backup and an increment with a complete chain', () => {
    const remote = [...chainRows('F', 'D1', 'D2'), brokenRow('other')];
    expect(verifyBackup(remote, 'F')).toEqual({ verified: true, chain: ['F'] });
    expect(verifyBackup(remote, 'D2')).toEqual({ verified: true, chain: ['D2', 'D1', 'F'] });
  });

  test.for([
    ['an empty list', [], 'missing', 'backup D2 is not on the remote storage'],
    ['only a local copy', [localRow('D2')], 'missing', 'backup D2 is not on the remote storage'],
    [
      'broken',
      [brokenRow('D2')],
      'broken',
      "backup D2 is broken: broken (can't stat metadata.json)",
    ],
    [
      'listed twice, once as broken',
      [remoteRow('D2'), brokenRow('D2')],
      'broken',
      "backup D2 is broken: broken (can't stat metadata.json)",
    ],
    [
      'base missing',
      [on('D2', 'D1'), remoteRow('F')],
      'base-missing',
      'its base D1 is not on the remote storage',
    ],
    [
      'base only local',
      [on('D2', 'D1'), localRow('D1')],
      'base-missing',
      'its base D1 is not on the remote storage',
    ],
    [
      'full backup of the chain missing',
      [on('D2', 'D1'), on('D1', 'F')],
      'base-missing',
      'backup F, required by D1, is not on the remote storage',
    ],
    [
      'base broken',
      [on('D2', 'D1'), brokenRow('D1')],
      'base-broken',
      "its base D1 is broken: broken (can't stat metadata.json)",
    ],
    [
      'full backup of the chain broken',
      [on('D2', 'D1'), on('D1', 'F'), brokenRow('F', { description: '' })],
      'base-broken',
      'backup F, required by D1, is broken: broken',
    ],
    [
      'a cycle',
      [on('D2', 'D1'), on('D1', 'D2')],
      'cycle',
      'its bases form a cycle through D2, without a full backup',
    ],
  ] as const)('%s', ([, remote, kind, reason]) => {
    expect(verifyBackup(remote, 'D2')).toEqual({ verified: false, kind, reason });
  });
});

describe('verifyUpload', () => {
  const remote = [...chainRows('F', 'D1', 'D2'), remoteRow('G')];

  test.for([
    ['an increment', 'D2', 'D1', { verified: true, chain: ['D2', 'D1', 'F'], asFull: false }],
    ['a full', 'G', undefined, { verified: true, chain: ['G'], asFull: false }],
    ['a full instead of an increment', 'G', 'D1', { verified: true, chain: ['G'], asFull: true }],
    [
      'an increment on another base',
      'D2',
      'F',
      {
        verified: false,
        kind: 'wrong-base',
        reason: 'backup D2 is based on D1, but an increment on F was requested',
      },
    ],
    [
      'an increment instead of a full',
      'D1',
      undefined,
      {
        verified: false,
        kind: 'wrong-base',
        reason: 'backup D1 is based on F, but a full backup was requested',
      },
    ],
    [
      'not on the remote storage yet',
      'D3',
      'D2',
      { verified: false, kind: 'missing', reason: 'backup D3 is not on the remote storage' },
    ],
  ] as const)('%s', ([, name, base, result]) => {
    expect(verifyUpload(remote, name, base)).toEqual(result);
  });

  test('reports a broken upload as broken even if it has another base', () => {
    const rows = [brokenRow('D', { required: 'X' })];
    expect(verifyUpload(rows, 'D', 'B')).toMatchObject({ verified: false, kind: 'broken' });
  });

  test('rejects a remote backup of the same name that was created at another time than the local copy', () => {
    const copy = localRow('F', { created: '2026-11-22 09:00:00' });
    expect(verifyUpload([copy, remoteRow('F')], 'F', undefined)).toEqual({
      verified: false,
      kind: 'not-ours',
      reason: 'the remote backup F is a different one, created 2026-11-22 10:00:00',
    });
    expect(verifyUpload([copy, brokenRow('F')], 'F', undefined)).toMatchObject({ kind: 'broken' });
    const broken = { ...copy, state: 'broken' as const };
    expect(verifyUpload([broken, remoteRow('F')], 'F', undefined)).toMatchObject({
      verified: true,
    });
  });

  test('fails if the base was deleted during the upload', () => {
    const result = verifyUpload([on('D2', 'D1')], 'D2', 'D1');
    expect(result).toMatchObject({ verified: false, kind: 'base-missing' });
  });

  test('takes only the remote backup into account, not the local copy', () => {
    const rows = [localRow('D', { required: 'X' }), remoteRow('D')];
    expect(verifyUpload(rows, 'D', undefined)).toMatchObject({ verified: true });
    const onlyLocal = rows.slice(0, 1);
    expect(verifyUpload(onlyLocal, 'D', undefined)).toMatchObject({ kind: 'missing' });
  });

  test.for([
    ['another time', remoteRow('D'), localRow('D', { created: '2026-11-22 10:00:01' }), 'not-ours'],
    ['local copy broken', remoteRow('D'), brokenRow('D', { location: 'local' }), undefined],
    ['remote backup broken', brokenRow('D'), localRow('D'), 'broken'],
  ] as const)(
    'compares the creation time with the local copy: %s',
    ([, remoteCopy, copy, kind]) => {
      const result = verifyUpload([copy, remoteCopy], 'D', undefined);
      expect(result.verified ? undefined : result.kind).toBe(kind);
    },
  );
});

describe('chooseBaseUse', () => {
  const safe = { base: 'B', diffFromRemoteSafe: true };
  const unsafe = { base: 'B', diffFromRemoteSafe: false };

  test.for([
    ['local copy', [localRow('B')], safe, { kind: 'local' }],
    ['local copy, old server', [localRow('B')], unsafe, { kind: 'local' }],
    ['no local copy', [localRow('C')], safe, { kind: 'remote' }],
    ['only a remote backup', [remoteRow('B')], safe, { kind: 'remote' }],
    ['broken local copy', [localRow('B', { state: 'broken' })], safe, { kind: 'remote' }],
    ['no local copy, old server', [], unsafe, { kind: 'none', state: undefined }],
    [
      'old-format local copy, old server',
      [localRow('B', { state: 'old-format' })],
      unsafe,
      { kind: 'none', state: 'old-format' },
    ],
  ] as const)('%s', ([, local, input, use]) => {
    expect(chooseBaseUse({ ...input, local })).toEqual(use);
  });
});
