import { expect, test } from 'vitest';
import { stateOf } from '../../src/client/row-state.js';

const ours = 'FULL_CH_BK_2026-11-22_17-05-09';

test.each([
  ['remote', 'tar, regular', 'ok'],
  ['remote', 'directory, embedded', 'ok'],
  ['remote', '', 'ok'],
  ['local', 'regular', 'ok'],
  ['local', '', 'ok'],
  ['remote', "broken (can't stat metadata.json)", 'broken'],
  ['remote', 'broken (bad metadata.json)', 'broken'],
  ['local', 'broken metadata.json not found', 'broken'],
  ['local', 'parse metadata.json error: unexpected end of JSON input', 'broken'],
  ['local', 'old-format', 'old-format'],
  ['remote', 'tar, old-format', 'old-format'],
] as const)('%s %j is %s', (location, description, state) => {
  expect(stateOf({ name: ours, location, description })).toBe(state);
});

test.each([
  ['remote', "broken (can't stat metadata.json)", 'foreign'],
  ['local', 'broken metadata.json not found', 'foreign'],
  ['local', 'old-format', 'foreign'],
  ['remote', 'tar, old-format', 'foreign'],
  // It has a metadata.json, so it is a broken backup.
  ['remote', "broken (can't open metadata.json)", 'broken'],
  ['remote', "broken (can't read metadata.json)", 'broken'],
  ['remote', 'broken (bad metadata.json)', 'broken'],
  ['local', 'parse metadata.json error: unexpected end of JSON input', 'broken'],
  ['remote', 'tar, regular', 'ok'],
] as const)('%s %j with a name chbackup did not create is %s', (location, description, state) => {
  for (const name of ['pg_dumps', 'README.txt', '2026-11-22T17-05-09', `${ours}_old`]) {
    expect(stateOf({ name, location, description })).toBe(state);
  }
});
