import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect } from 'vitest';
import { openOutput } from '../../src/cli/ui/output.js';
import { layOut } from '../../src/cli/ui/tables.js';
import { test } from '../support/harness.js';
import { CapturedStream } from '../support/streams.js';

const escape = '\u001B]0;owned\u0007\u001B[2J\u202Ename\u0000';
// oxlint-disable-next-line no-control-regex
const unsafe = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E\u2066]/;

function open(isTerminal: boolean) {
  const stdout = new CapturedStream(isTerminal);
  const stderr = new CapturedStream(isTerminal);
  const output = openOutput({ stdout, stderr, env: { TERM: 'xterm' } });
  return { stdout, stderr, output };
}

describe('everything that is written is sanitized', () => {
  test('lines, cells and JSON, on both streams', () => {
    const { stdout, stderr, output } = open(false);
    output.resultLine([escape, { text: escape, color: 'red' }]);
    output.resultTable([[[escape], ['x', escape]]], (cells) =>
      layOut(cells, { width: undefined, nameColumn: 0, overflow: 'below' }),
    );
    output.resultJson({ [escape]: escape }, 2);
    output.progressLine([escape]);
    output.progressJson({ [escape]: escape });
    expect(stdout.text).toContain('name');
    expect(stdout.text + stderr.text).not.toMatch(unsafe);
  });

  test('colors come from the parts only, once they are enabled', async () => {
    const { stdout, output } = open(true);
    output.resultLine([{ text: 'b', color: 'red' }]);
    await output.enableColors();
    output.resultLine([{ text: `a${escape}`, color: 'red' }, ` ${escape}`]);
    expect(stdout.text).toBe('b\n\u001B[31maname\u001B[39m name\n');
  });

  test('no other file of the program writes to a stream', () => {
    const root = path.resolve(import.meta.dirname, '../../src');
    const writers = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .filter((file) => /\.write\(|writeSync\(/.test(readFileSync(path.join(root, file), 'utf8')));
    expect(writers.sort()).toEqual([
      // Prints errors when nothing else can be relied on.
      'cli/crash.ts',
      // Moves the cursor; its tests show that its lines are sanitized.
      'cli/ui/live-area.ts',
      'cli/ui/output.ts',
      // Writes files.
      'state/file-lock.ts',
    ]);
  });
});

describe('stdout that cannot be written', () => {
  const failing = (code: string) => {
    const stdout = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })),
    });
    return openOutput({ stdout, stderr: new CapturedStream(false), env: {} });
  };

  test('is an error with its reason', async () => {
    const output = failing('ENOSPC');
    output.resultLine(['text']);
    await expect(output.finishStdout('make room')).rejects.toMatchObject({
      name: 'OutputError',
      message: expect.stringContaining('cannot write to stdout: no space left') as string,
      hint: 'make room',
      exitCode: 1,
    });
  });

  test('is no error if the reader has closed its end', async () => {
    const output = failing('EPIPE');
    output.resultLine(['text']);
    await expect(output.finishStdout('make room')).resolves.toBeUndefined();
  });
});

describe('a backup whose base has an escape sequence in its name', () => {
  const base = `BASE_${escape}`;
  const diff = 'DIFF_CH_BK_2026-11-20_10-00-00';

  test('list shows the problem without the escape sequence', async ({ harness }) => {
    harness.simulator.addBackup('remote', { name: diff, required: base });
    const { stdout } = await harness.run('list');
    expect(stdout).toContain('BASE_name');
    expect(stdout).not.toMatch(unsafe);
  });

  test('a delete plan shows the reason without the escape sequence', async ({ harness }) => {
    const full = 'FULL_CH_BK_2026-11-01_10-00-00';
    harness.simulator.addBackup('remote', { name: full });
    harness.simulator.addBackup('remote', { name: `INC_${escape}`, required: full });
    harness.simulator.addBackup('remote', { name: 'FULL_CH_BK_2026-11-20_10-00-00' });
    const { stdout, stderr } = await harness.run(
      ...(['delete-remote', '--keep', '1', '--dry-run', '--verbose'] as const),
    );
    expect(stdout).toMatch(/keep +FULL_CH_BK_2026-11-01_10-00-00 +INC_name requires it/);
    expect(stdout + stderr).not.toMatch(unsafe);
  });
});
