import { exitCodes } from '../../src/errors.js';
import { checkKept } from './check-deletes.js';
import { checkHung } from './check-hung.js';
import { checkTimes } from './check-times.js';
import type { Ledger } from './ledger.js';
import type { RunRecord, SentRequest } from './run-record.js';
import { tellsSecret } from './secret.js';

const documented = new Set<number>(Object.values(exitCodes));
const mostLists = 40;

export interface Ending {
  code: number;
  stdout: string;
  stderr: string;
  titles: string[];
  endMs: number;
}

/** What must hold once a program has ended, by itself or killed. */
export function checkEnd(ledger: Ledger, run: RunRecord, ending: Ending): void {
  const must = (holds: boolean, promise: string) => ledger.expect(holds, run, promise);
  const { code, stdout, stderr, titles } = ending;
  const { step } = run;
  ledger.count('runs');
  ledger.count(run.killed ? 'killed' : `exit ${code}`);
  must(!tellsSecret(stdout + stderr + titles.join('\n')), 'the secret was told');
  for (const [file, text] of ledger.folder.files) {
    must(!tellsSecret(text), `the secret stands in ${file}`);
  }
  if (run.created !== undefined && isUnsettled(ledger, run, code)) {
    must(ledger.journal(run)?.['backup'] === run.created, `no journal tells of ${run.created}`);
  }
  if (run.killed) return;
  must(![...ledger.folder.locks.values()].some(({ owner }) => owner === run.id), 'a lock is left');
  must(documented.has(code), `the exit code ${code} is not documented`);
  must(!/unexpected:|^\s+at .*:\d+:\d+/m.test(stderr), `unexpected: ${stderr.slice(-300)}`);
  must(code === 0 || stderr.includes('::::[ERROR]'), `exit ${code} without a word`);
  checkTimes(ledger, run, ending);
  checkHung(ledger, run, ending);
  must(run.lists.length <= mostLists, `it asked for ${run.lists.length} lists`);
  must(code !== exitCodes.terminated || run.signalledMs !== undefined, 'exit 143 without a signal');
  must(
    code !== exitCodes.unauthorized || step.password === 'wrong',
    'exit 12 with the right password',
  );
  must(code !== exitCodes.usage || run.diskFailed, 'exit 2 with a sound command line');
  if (run.lockRefused) {
    must(code !== exitCodes.busy, 'exit 11, but locks were refused');
    must(run.created === undefined, `${run.created} was created, but locks were refused`);
  }
  const refused = run.sent.some(({ status }) => status === 401);
  must(
    !refused || code === exitCodes.unauthorized || run.signalledMs !== undefined,
    `refused, but exit ${code}`,
  );
  if (step.command.startsWith('create-')) checkCreateEnd(ledger, run, code);
  if (code === exitCodes.done && step.command.startsWith('restore-')) checkRestored(ledger, run);
  if (code === exitCodes.done && step.command.startsWith('delete-')) checkDeleted(ledger, run);
  if (step.command === 'list' || step.command.includes('--dry-run')) {
    const wrote = run.effects.filter((effect) => !/^(GET|POST) /.test(effect));
    must(wrote.length === 0, `a command that only looks did ${wrote.join()}`);
  }
}

/** Exit 0: a restore was asked for, and the last row of one says success. */
function checkRestored(ledger: Ledger, run: RunRecord): void {
  const restores = run.sent.filter(({ path }) => path.startsWith('/backup/restore/'));
  ledger.expect(restores.length > 0, run, 'exit 0, but nothing was restored');
  const polled = run.sent.findLast(({ path }) => /^\/backup\/actions\?filter=(?!in%20)/.test(path));
  const rows = (polled?.body ?? '').split('\n').filter((line) => line.includes('"restore '));
  const succeeded = rows.at(-1)?.includes('"success"') === true;
  ledger.expect(succeeded, run, 'exit 0, but the restore did not succeed');
}

/** Exit 0: no delete was refused, and no copy asked for is left. */
function checkDeleted(ledger: Ledger, run: RunRecord): void {
  const kept = run.sent.find((one) => one.path.startsWith('/backup/delete/') && isRefusal(one));
  ledger.expect(kept === undefined, run, `exit 0, but ${kept?.path} was refused`);
  const { local, remote } = run.host.simulator;
  const left = [...local.values(), ...remote.values()].find((copy) => run.deleting.includes(copy));
  ledger.expect(left === undefined, run, `exit 0, but ${left?.name} is still there`);
  if (run.step.command === 'delete-remote --all --yes') checkAllGone(ledger, run);
  checkKept(ledger, run);
}

/** The server's own no, other than that it is busy or that there is no such backup. */
function isRefusal({ status = 0, body = '' }: SentRequest): boolean {
  if (status < 400 || status === 423 || !body.includes('"error":')) return false;
  return !/another operation is currently running|is not found on/.test(body);
}

/** Exit 0: whatever both plans held was deleted. */
function checkAllGone(ledger: Ledger, run: RunRecord): void {
  const [shown, fresh] = [run.lists[0], run.lists[1]];
  const names = (fresh?.rows ?? []).filter((row) => !row.foreign).map(({ name }) => name);
  // A backup that came, or was completed, after the first list stays, and so does its base.
  const planned = shown?.rows.filter((row) => !row.foreign).map(({ name }) => name);
  if (!names.every((name) => planned?.includes(name))) return;
  const asked = new Set(run.sent.map(({ method, path }) => `${method} ${path}`));
  for (const name of names) {
    const isAsked = asked.has(`POST /backup/delete/remote/${encodeURIComponent(name)}`);
    ledger.expect(isAsked, run, `exit 0, but ${name} was not deleted`);
  }
}

/** Exit 0 and a record are the same; only a signal or a file that cannot be written comes between. */
function checkCreateEnd(ledger: Ledger, run: RunRecord, code: number): void {
  const must = (holds: boolean, promise: string) => ledger.expect(holds, run, promise);
  const recorded = run.created !== undefined && run.recorded.includes(run.created);
  if (code === exitCodes.done) {
    must(recorded && ledger.lastBackup(run) === run.created, 'exit 0, but nothing is recorded');
    must(
      ledger.file(`.${run.host.name}_run.json`) === undefined,
      'exit 0, but the journal is left',
    );
  } else if (recorded) {
    const why = code === exitCodes.terminated ? run.signalledMs !== undefined : run.diskFailed;
    must(why, `${run.created} is recorded, but exit ${code}`);
  }
  const never: number[] = [exitCodes.partial, exitCodes.notFound];
  must(!never.includes(code), `a create ended with exit ${code}`);
}

/** The outcome may not be known: only then the next run finds out, from the journal. */
function isUnsettled(ledger: Ledger, run: RunRecord, code: number): boolean {
  const name = run.created ?? '';
  if (run.recorded.includes(name) || !ledger.maybeDone.has(`create ${name}`)) return false;
  const open: number[] = [
    exitCodes.busy,
    exitCodes.unreachable,
    exitCodes.timedOut,
    exitCodes.terminated,
  ];
  return run.killed ? !run.journalRemoved : open.includes(code);
}
