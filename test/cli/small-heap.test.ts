import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { smallHeapFlags } from '../../src/cli/small-heap.js';

const setting = (flags: readonly string[]) => {
  const calls = flags.map((flag) => `v8.setFlagsFromString('${flag}');`);
  const script = `const v8 = require('node:v8'); ${calls.join(' ')}
    const kept = []; for (let at = 0; at < 300_000; at++) kept.push({ at });
    process.stdout.write('alive');`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};

test('this version of Node.js knows the flags of a small heap, and may set them when it runs', () => {
  expect(setting(smallHeapFlags)).toEqual({ status: 0, stdout: 'alive', stderr: '' });
  // Otherwise it would print a line, among those that cron mails.
  expect(setting(['--no-such-flag=1']).stderr).toContain('unrecognized flag');
});
