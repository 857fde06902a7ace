import { exitCodes } from '../../src/errors.js';
import { checkTimes } from './check-times.js';
import type { Ledger } from './ledger.js';
import type { RunRecord } from './run-record.js';
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
  const { code, stdout, stderr, titles, endMs } = ending;
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
  checkTimes(ledger, run, endMs);
  must(run.lists.length <= mostLists, `it asked for ${run.lists.length} lists`);
  must(code !== exitCodes.terminated || run.signalledMs !== undefined, 'exit 143 without a signal');
  must(code !== exitCodes.refused || step.password === 'wrong', 'exit 12 with the right password');
  must(code !== exitCodes.usage || run.diskFailed, 'exit 2 with a sound command line');
  if (step.command.startsWith('create-')) checkCreateEnd(ledger, run, code);
  if (step.command === 'list' || step.command.includes('--dry-run')) {
    must(!run.wroteAnything, 'a command that only looks wrote files');
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
