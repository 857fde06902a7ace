import { describe, expect, test } from 'vitest';
import { chooseBaseUse, verifyBackup, verifyUpload } from '../../src/backup/verification.js';
import { brokenRow, chainRows, localRow, remoteRow } from './rows.js';

const on = (name: string, required: string) => remoteRow(name, { required });

describe('proveBackup', () => {
  test('a full, and an increment on a whole chain', () => {
    const remote = [...chainRows('F', 'D1', 'D2'), brokenRow('other')];
    expect(verifyBackup(remote, 'F')).toEqual({ verified: true, chain: ['F'] });
    expect(verifyBackup(remote, 'D2')).toEqual({ verified: true, chain: ['D2', 'D1', 'F'] });
  });

  test.for([
    ['an empty list', [], 'missing', 'D2 is not on the remote storage'],
    ['only local', [localRow('D2')], 'missing', 'D2 is not on the remote storage'],
    ['broken', [brokenRow('D2')], 'broken', "D2 is broken: broken (can't stat metadata.json)"],
    [
      'twice, once broken',
      [remoteRow('D2'), brokenRow('D2')],
      'broken',
      "D2 is broken: broken (can't stat metadata.json)",
    ],
    [
      'its base gone',
      [on('D2', 'D1'), remoteRow('F')],
      'base-missing',
      'its base D1 is not on the remote storage',
    ],
    [
      'its base only local',
      [on('D2', 'D1'), localRow('D1')],
      'base-missing',
      'its base D1 is not on the remote storage',
    ],
    [
      'its full gone',
      [on('D2', 'D1'), on('D1', 'F')],
      'base-missing',
      'F, which D1 requires, is not on the remote storage',
    ],
    [
      'its base broken',
      [on('D2', 'D1'), brokenRow('D1')],
      'base-broken',
      "its base D1 is broken: broken (can't stat metadata.json)",
    ],
    [
      'its full broken',
      [on('D2', 'D1'), on('D1', 'F'), brokenRow('F', { description: '' })],
      'base-broken',
      'F, which D1 requires, is broken: broken',
    ],
    [
      'a circle',
      [on('D2', 'D1'), on('D1', 'D2')],
      'cycle',
      'its chain comes back to D2 and has no full',
    ],
  ] as const)('%s', ([, remote, kind, reason]) => {
    expect(verifyBackup(remote, 'D2')).toEqual({ verified: false, kind, reason });
  });
});

describe('proveUpload', () => {
  const remote = [...chainRows('F', 'D1', 'D2'), remoteRow('G')];

  test.for([
    ['an increment', 'D2', 'D1', { verified: true, chain: ['D2', 'D1', 'F'], asFull: false }],
    ['a full', 'G', undefined, { verified: true, chain: ['G'], asFull: false }],
    ['a full, base said as nothing', 'G', '', { verified: true, chain: ['G'], asFull: false }],
    ['a full for an increment', 'G', 'D1', { verified: true, chain: ['G'], asFull: true }],
    [
      'another base',
      'D2',
      'F',
      {
        verified: false,
        kind: 'wrong-base',
        reason: 'D2 stands on D1, but an increment on F was asked for',
      },
    ],
    [
      'an increment for a full',
      'D1',
      undefined,
      {
        verified: false,
        kind: 'wrong-base',
        reason: 'D1 stands on F, but a full was asked for',
      },
    ],
    [
      'not there yet',
      'D3',
      'D2',
      { verified: false, kind: 'missing', reason: 'D3 is not on the remote storage' },
    ],
  ] as const)('%s', ([, name, base, proof]) => {
    expect(verifyUpload(remote, name, base)).toEqual(proof);
  });

  test('broken, whatever base it names', () => {
    const rows = [brokenRow('D', { required: 'X' })];
    expect(verifyUpload(rows, 'D', 'B')).toMatchObject({ verified: false, kind: 'broken' });
  });

  test('another one of that name, made at another moment than our copy', () => {
    const copy = localRow('F', { created: '2026-11-22 09:00:00' });
    expect(verifyUpload([copy, remoteRow('F')], 'F', undefined)).toEqual({
      verified: false,
      kind: 'not-ours',
      reason: 'the F on the remote storage is another one, made 2026-11-22 10:00:00',
    });
    expect(verifyUpload([copy, brokenRow('F')], 'F', undefined)).toMatchObject({ kind: 'broken' });
    const broken = { ...copy, state: 'broken' as const };
    expect(verifyUpload([broken, remoteRow('F')], 'F', undefined)).toMatchObject({
      verified: true,
    });
  });

  test('the base went while we uploaded', () => {
    const proof = verifyUpload([on('D2', 'D1')], 'D2', 'D1');
    expect(proof).toMatchObject({ verified: false, kind: 'base-missing' });
  });

  test('a local row neither proves nor disproves', () => {
    const rows = [localRow('D', { required: 'X' }), remoteRow('D')];
    expect(verifyUpload(rows, 'D', undefined)).toMatchObject({ verified: true });
    const onlyLocal = rows.slice(0, 1);
    expect(verifyUpload(onlyLocal, 'D', undefined)).toMatchObject({ kind: 'missing' });
  });

  test.for([
    [
      'another moment',
      remoteRow('D'),
      localRow('D', { created: '2026-11-22 10:00:01' }),
      'not-ours',
    ],
    ['broken here', remoteRow('D'), brokenRow('D', { location: 'local' }), undefined],
    ['broken there', brokenRow('D'), localRow('D'), 'broken'],
  ] as const)('made at the same moment as the local copy: %s', ([, remoteCopy, copy, kind]) => {
    const proof = verifyUpload([copy, remoteCopy], 'D', undefined);
    expect(proof.verified ? undefined : proof.kind).toBe(kind);
  });
});

describe('chooseBaseUse', () => {
  const safe = { base: 'B', diffFromRemoteSafe: true };
  const unsafe = { base: 'B', diffFromRemoteSafe: false };

  test.for([
    ['local wins', [localRow('B')], safe, { kind: 'local' }],
    ['local, any version', [localRow('B')], unsafe, { kind: 'local' }],
    ['not local', [localRow('C')], safe, { kind: 'remote' }],
    ['a remote row is not local', [remoteRow('B')], safe, { kind: 'remote' }],
    ['broken', [localRow('B', { state: 'broken' })], safe, { kind: 'remote' }],
    ['not local, old server', [], unsafe, { kind: 'none', state: undefined }],
    [
      'old-format, old server',
      [localRow('B', { state: 'old-format' })],
      unsafe,
      { kind: 'none', state: 'old-format' },
    ],
  ] as const)('%s', ([, local, input, use]) => {
    expect(chooseBaseUse({ ...input, local })).toEqual(use);
  });
});
