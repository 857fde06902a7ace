import { expect, test } from 'vitest';
import { stateOf } from '../../src/engine/row-state.js';

test.each([
  ['remote', 'tar, regular', 'sound'],
  ['remote', 'directory, embedded', 'sound'],
  ['remote', '', 'sound'],
  ['local', 'regular', 'sound'],
  ['local', '', 'sound'],
  ['remote', "broken (can't stat metadata.json)", 'broken'],
  ['remote', 'broken (bad metadata.json)', 'broken'],
  ['local', 'broken metadata.json not found', 'broken'],
  ['local', 'parse metadata.json error: unexpected end of JSON input', 'broken'],
  ['local', 'old-format', 'old-format'],
  ['remote', 'tar, old-format', 'old-format'],
] as const)('%s %j is %s', (location, description, state) => {
  expect(stateOf(location, description)).toBe(state);
});
