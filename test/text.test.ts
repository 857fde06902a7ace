import { constants } from 'node:os';
import { expect, test } from 'vitest';
import { describeErrno, errnoOf, presentable } from '../src/text.js';

test.each([
  ['plain', 'plain'],
  [' two\r\n\tlines \n', 'two lines'],
  ['\u001b[31mred\u001b[0m \u001b]0;title\u0007end', 'red end'],
  ['\u001b]8;;http://x\u001b\\link', 'link'],
  ['c1: \u009b2Jx \u0085y', 'c1: x y'],
  ['bell \u0007 nul \u0000.', 'bell nul .'],
  ['over\u202eride \u2066iso\u2069 zero\u200bwidth \ufeff', 'override iso zerowidth'],
  ['line\u2028sep', 'line sep'],
  ['naïve 日本 🎉', 'naïve 日本 🎉'],
])('%j → %j', (text, expected) => {
  expect(presentable(text)).toBe(expected);
});

test('cuts a long text between characters', () => {
  const cut = presentable('🎉'.repeat(600));
  expect(Array.from(cut)).toHaveLength(500);
  expect(cut.endsWith('🎉…')).toBe(true);
  expect(presentable('x'.repeat(500))).toBe('x'.repeat(500));
});

test('describes system errors in words, and unknown ones by their code', () => {
  expect(describeErrno({ code: 'ENOSPC' })).toBe('no space left on the device');
  expect(describeErrno({ code: 'EXYZ' })).toBe('EXYZ');
  expect(describeErrno(new Error('x'))).toBe('error');
  expect(errnoOf({ code: 'ERR_FS_EISDIR' })).toBe('EISDIR');
});

test('knows the errors for which Node.js has no name', () => {
  const number = constants.errno.EDQUOT;
  const error = { code: `Unknown system error -${number}`, errno: -number };
  expect(errnoOf(error)).toBe('EDQUOT');
  expect(describeErrno(error)).toBe('disk quota exceeded');
  const unnamed = 'Unknown system error -4000';
  expect(errnoOf({ code: unnamed, errno: -4000 })).toBe(unnamed);
});
