import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { readText } from '../docs/markdown.js';
import { secret } from '../support/harness.js';
import { hasFlock, type ProgramBench, test } from '../support/program.js';

/** The commands of the schedule in a page, without those that only try again. */
function commandsIn(page: string): string[] {
  const lines = readText(page).matchAll(/^[\d*][^\n]* (chbackup create-[^\n]*)$/gm);
  const commands = new Set([...lines].map(([, command = '']) => command));
  return [...commands].filter((command) => !command.includes('--if-older-than'));
}

/** Runs a command as cron does: with a shell, and only the variables of the crontab. */
function runAsCron(bench: ProgramBench, command: string) {
  writeFileSync(path.join(bench.folder, 'password'), `${secret}\n`);
  bench.env = { CHBACKUP_USER: 'rlAPIuser', CHBACKUP_PASSWORD_FILE: 'password' };
  const argv = command.replace('clickhouse-backup-api', bench.host).split(/\s+/).slice(1);
  return bench.startRaw(argv, { through: ['sh', '-c', '"$@"', 'sh'] }).ended;
}

describe.skipIf(!hasFlock)('the crontab in the documentation (needs flock)', () => {
  test.for(['README.md', 'docs/scheduling.md'])(
    'of %s mails nothing about success, and every warning and error',
    async (page, { bench }) => {
      const commands = commandsIn(page);
      expect(commands).toHaveLength(2);
      const [diff = '', full = ''] = commands;
      const warned = await runAsCron(bench, diff);
      expect(warned).toMatchObject({ code: 0, stdout: '' });
      expect(warned.stderr).toMatch(/^\S+ \S+ \S+ \[WARNING\] [^\n]*no last-backup file[^\n]*\n$/);

      const silent = { code: 0, stdout: '', stderr: '' };
      expect(await runAsCron(bench, full)).toEqual({ ...silent, signal: null });
      expect(await runAsCron(bench, diff)).toEqual({ ...silent, signal: null });

      bench.simulator.failNext('create', 'no space left');
      const failed = await runAsCron(bench, full);
      expect(failed).toMatchObject({ code: 1, stdout: '' });
      expect(failed.stderr).toMatch(/^\S+ \S+ \S+ ::::\[ERROR\] [^\n]*no space left[^\n]*\n$/);
    },
  );
});
