import { expect, test } from 'vitest';
import { presentable } from '../src/text.js';

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
