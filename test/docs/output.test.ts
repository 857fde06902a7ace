import { expect } from 'vitest';
import { test } from '../support/harness.js';
import { emptyOrders } from '../support/shop.js';
import { blocksOf, readText } from './markdown.js';

const documentedHost = 'clickhouse-backup-api';

/** A command in a page, what the page shows that it prints, and its exit code if that is shown. */
interface Example {
  argv: string[];
  printed: string[];
  code: number | undefined;
}

/** The commands in the `console` blocks of a page. */
function examplesOf(page: string): Example[] {
  const examples: Example[] = [];
  const lines = blocksOf(page).flatMap((block) =>
    block.language === 'console' ? block.lines : [],
  );
  for (const [at, line] of lines.entries()) {
    const example = examples.at(-1);
    if (line.startsWith('$ chbackup ')) {
      examples.push({ argv: line.split(' ').slice(2), printed: [], code: undefined });
    } else if (lines[at - 1] === '$ echo $?') {
      if (example !== undefined) example.code = Number(line);
    } else if (line !== '$ echo $?') {
      example?.printed.push(line);
    }
  }
  return examples;
}

/** The lines of the text, in which every run has the same host and times. */
function comparable(text: string): string[] {
  return text
    .replaceAll(/127\.0\.0\.1[:_]\d+/g, documentedHost)
    .replaceAll(/created in \S+, uploaded in \S+$/gm, 'created in TIME, uploaded in TIME')
    .replaceAll(/\d{4}-\d\d-\d\d([ _])\d\d([-:])\d\d\2\d\d/g, 'DATE$1TIME')
    .split('\n')
    .filter((line) => line !== '');
}

test('docs/restore.md shows what the program prints', async ({ harnessOf }) => {
  const harness = await harnessOf({});
  const [older, full] = ['FULL_CH_BK_2026-11-14_20-30-00', 'FULL_CH_BK_2026-11-21_20-30-00'];
  const last = 'DIFF_CH_BK_2026-11-22_00-00-00';
  harness.simulator.addBackup('remote', { name: older });
  harness.simulator.addBackup('remote', { name: full });
  harness.simulator.addBackup('remote', { name: last, required: full });
  harness.simulator.addBackup('local', { name: last });
  harness.lastBackup = last;
  emptyOrders(harness);
  const examples = examplesOf('docs/restore.md');
  expect(examples).toHaveLength(5);
  for (const { argv, printed, code } of examples) {
    const typed = argv.flatMap((word) =>
      word === documentedHost ? [harness.host, 'rlAPIuser', harness.password] : [word],
    );
    const result = await harness.startRaw(typed).done;
    expect(comparable(result.stdout + result.stderr)).toEqual(comparable(printed.join('\n')));
    expect(result.code).toBe(code ?? 0);
  }
});

test('docs/check.md shows what the program prints', async ({ harnessOf }) => {
  const harness = await harnessOf({ versionText: '2.8.0' });
  const full = 'FULL_CH_BK_2026-11-21_20-30-00';
  const diffs = Array.from({ length: 10 }, (_, at) => `DIFF_CH_BK_2026-11-22_0${at}-00-00`);
  const names = [full, ...diffs];
  for (const [at, name] of names.entries()) {
    const required = names[at - 1] ?? '';
    const sizeBytes = 9_878_424_780;
    harness.simulator.addBackup('remote', { name, required, sizeBytes, uploadedMs: at });
  }
  for (const name of names.slice(-2)) harness.simulator.addBackup('local', { name });
  harness.lastBackup = names.at(-1) ?? '';
  const [example] = examplesOf('docs/check.md');
  const connection = [harness.host, 'rlAPIuser', harness.password];
  const { code, stdout } = await harness.startRaw(['check', ...connection]).done;
  const printed = stdout.replace(harness.logDir, '/var/log/clickhouse-backup');
  expect(comparable(printed)).toEqual(comparable(example?.printed.join('\n') ?? ''));
  expect(code).toBe(0);
});

test('README.md shows what the demo prints', async ({ harnessOf }) => {
  const harness = await harnessOf({});
  await harness.run('create-full');
  await harness.run('create-diff');
  harness.simulator.deleteBehind('remote', harness.lastBackup ?? '');
  const { code, stderr } = await harness.run('create-diff');
  const [example] = examplesOf('README.md');
  expect(comparable(example?.printed.join('\n') ?? '')).toEqual(
    comparable(`${stderr}exit code ${code}\n…`),
  );
  for (const page of ['README.md', 'test/demo/demo.ts']) {
    expect(readText(page)).toContain('Without its base, the next backup is uploaded in full.');
  }
});
