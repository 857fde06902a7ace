import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeDisk } from '../../src/state/disk.js';
import { peekFileLock } from '../../src/state/peek-lock.js';
import { hasFlock } from '../support/program.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'chbackup-peek-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});
const at = (name: string) => path.join(folder, name);

test('a file that does not exist is not locked, and is not created', () => {
  expect(peekFileLock(at('lock'))).toBeUndefined();
  expect(statSync(at('lock'), { throwIfNoEntry: false })).toBeUndefined();
});

test('a description that a killed holder has left is not seen as held', () => {
  writeFileSync(at('lock'), 'me');
  expect(peekFileLock(at('lock'))).toEqual({ description: 'me', isSeen: false });
});

test("without the kernel's list of locks, the description counts", () => {
  writeFileSync(at('lock'), 'me');
  expect(peekFileLock(at('lock'), at('none'))).toEqual({ description: 'me', isSeen: true });
});

test('a lock of another kind does not count', () => {
  writeFileSync(at('lock'), 'me');
  const { ino } = statSync(at('lock'));
  writeFileSync(at('locks'), `1: POSIX  ADVISORY  WRITE 1 08:01:${ino} 0 EOF\n`);
  expect(peekFileLock(at('lock'), at('locks'))?.isSeen).toBe(false);
  writeFileSync(at('locks'), `1: FLOCK  ADVISORY  WRITE 1 08:01:${ino} 0 EOF\n`);
  expect(peekFileLock(at('lock'), at('locks'))?.isSeen).toBe(true);
  writeFileSync(at('locks'), `1: FLOCK  ADVISORY  WRITE 1 08:01:${ino}9 0 EOF\n`);
  expect(peekFileLock(at('lock'), at('locks'))?.isSeen).toBe(false);
});

describe.skipIf(!hasFlock)('a lock that is held (needs flock)', () => {
  test('is seen while it is held, and neither taken nor changed', () => {
    const disk = nodeDisk(process.env['PATH']);
    const attempt = disk.tryLock(at('lock'));
    if (attempt.kind === 'held') throw new Error('the lock is held');
    expect(disk.peekLock(at('lock'))).toBeUndefined();
    attempt.lock.describe('me');
    expect(disk.peekLock(at('lock'))).toEqual({ description: 'me', isSeen: true });
    attempt.lock.release();
    expect(disk.peekLock(at('lock'))).toBeUndefined();
    expect(disk.tryLock(at('lock')).kind).toBe('taken');
  });
});
