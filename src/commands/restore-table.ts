import type { Outcome, Table } from '../engine/engine.js';
import { ConfigError, NotFoundError, OperationFailedError } from '../errors.js';
import { underHostLock } from './host-lock.js';
import {
  checkAbilities,
  lookAgain,
  makePlan,
  nameOf,
  type RestorePlan,
  type RestoreTableRequest,
} from './restore-plan.js';
import { findSource, isUsable } from './restore-source.js';
import type { Session } from './run.js';

/** Whom a restore shows its plan, and asks. */
export interface RestoreDialogue {
  plan(plan: RestorePlan): void;
  /** undefined: there is nobody to ask. */
  ask(question: string): Promise<boolean | undefined>;
}

export interface RestoreResult {
  plan: RestorePlan;
  /** Bytes that the target holds afterwards. */
  bytesAfter: number;
}

/** find the copy → look at the table → plan → ask → lock → look again → download → restore → look. */
export async function restoreTable(
  request: RestoreTableRequest,
  session: Session,
  dialogue: RestoreDialogue,
): Promise<RestoreResult> {
  await checkAbilities(request, session);
  const source = await findSource(request.backup, session);
  const shown = await makePlan(request, source, session);
  dialogue.plan(shown);
  await getYes(request, shown, dialogue);
  return underHostLock(session, 'restore-table', async (lock) => {
    lock.nameBackup(shown.backup);
    const { isLocal } = await findSource(shown.backup, session);
    if (!isLocal) await download(shown, session);
    const plan = await restore(request, { ...shown, download: !isLocal }, session);
    const bytesAfter = await lookAfter(plan, session);
    return { plan, bytesAfter };
  });
}

async function getYes(
  { yes }: RestoreTableRequest,
  { drop, target, bytesBefore }: RestorePlan,
  dialogue: RestoreDialogue,
): Promise<void> {
  if (!drop || yes) return;
  const answer = await dialogue.ask(`Drop ${nameOf(target)} (${bytesBefore} bytes)?`);
  if (answer === true) return;
  if (answer === undefined) {
    throw new ConfigError('nothing was dropped: there is no terminal to ask on', {
      hint: 'say --yes to drop the table and restore it',
    });
  }
  throw new OperationFailedError('nothing was dropped: the answer was not yes');
}

/** Whatever the server says of it, only a sound copy in its list is restored from. */
async function download({ backup }: RestorePlan, { engine, report }: Session): Promise<void> {
  report.phase(`downloading ${backup}`);
  const outcome = await engine.download(backup);
  if (outcome.status !== 'error' && isUsable(backup, await engine.list('local'))) return;
  const text = outcome.status === 'success' ? 'it is not on the server' : textOf(outcome);
  throw new OperationFailedError(`the download of ${backup} failed: ${text}`, {
    heading: 'DOWNLOAD ERROR',
    hint: `the table is as it was; a part may be left: chbackup delete-local --name ${backup}`,
  });
}

/** Gives back the plan as it was right before the server took it. */
async function restore(
  request: RestoreTableRequest,
  shown: RestorePlan,
  session: Session,
): Promise<RestorePlan> {
  const { table, into, checkReplicas } = request;
  const { backup, create } = shown;
  const { engine, report } = session;
  let plan = await lookAgain(request, shown, session);
  report.phase(`restoring ${nameOf(table)}`);
  const what = create ? 'schema-and-data' : 'data';
  const outcome = await engine.restore(
    { backup, table, ...(into !== undefined && { into }), what, checkReplicas },
    async () => {
      plan = await lookAgain(request, shown, session);
      report.phase(`restoring ${nameOf(table)}`);
    },
  );
  if (outcome.status === 'success') return plan;
  const text = textOf(outcome);
  // The words of 2.4.0 and of 2.5.10 and later (contract §7).
  if (/(no have|not) found schemas by/.test(text)) {
    throw new NotFoundError(`${backup} holds no table ${nameOf(table)}`);
  }
  throw new OperationFailedError(`the restore of ${nameOf(table)} failed: ${text}`, {
    heading: 'RESTORE ERROR',
    hint: text.includes('system.replicas')
      ? 'another replica is at work on it; --no-check-replicas attaches all the same'
      : 'look at the table before you try again: part of it may be there',
  });
}

/**
 * A table that was empty must hold something now: old servers skip an attach in silence (§7, §11).
 * Where rows were added to others (`--append`), the server's row has decided.
 */
async function lookAfter(
  { backup, bytesBefore, create, target }: RestorePlan,
  { engine, report }: Session,
): Promise<number> {
  const shown = nameOf(target);
  report.phase(`looking at ${shown}`);
  const after = await engine.table(target);
  const bytes = after?.totalBytes ?? 0;
  const wasEmpty = create || bytesBefore === 0;
  const holdsNoParts = create && after !== undefined && !mayHoldParts(after);
  if (!wasEmpty && bytes <= bytesBefore) {
    report.warn(
      `${shown} holds no more than before: ${backup} has no rows of it, or the attach was skipped (--no-check-replicas)`,
    );
  }
  if (bytes > 0 || !wasEmpty || holdsNoParts) return bytes;
  throw new OperationFailedError(
    `the server says success, but ${shown} ${after ? 'is empty' : 'does not exist'}`,
    {
      hint: `either ${backup} has no rows of it, or a Replicated table was skipped: try --no-check-replicas`,
    },
  );
}

/** Views and the like have no rows of their own; an engine that is not told may have. */
function mayHoldParts({ engine }: Table): boolean {
  return engine === '' || engine.endsWith('MergeTree');
}

function textOf(outcome: Exclude<Outcome, { status: 'success' }>): string {
  return outcome.status === 'error' ? outcome.text : outcome.why;
}
