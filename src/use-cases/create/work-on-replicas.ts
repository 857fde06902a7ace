import type { BackupKind } from '../../backup/backup.js';
import type { CreateContext } from '../context.js';
import type { RunStatus } from '../run-status.js';
import type { UsableReplicas } from '../usable-replicas.js';
import { recoverInterruptedRun } from './recover-run.js';
import { type UsualReplica, usualReplica } from './usual-replica.js';

/**
 * Recovers an interrupted run and makes a backup, on the first replica that can be used. If that one cannot
 * be used any more before it was asked to create the backup, the next one begins again. `chosen`: the one of
 * a new shard, which was just checked.
 */
export async function workOnReplicas<T>(
  kind: BackupKind,
  run: CreateContext,
  status: RunStatus,
  { usable, chosen: checked }: { usable: UsableReplicas; chosen?: CreateContext | undefined },
  makeBackup: (worker: CreateContext, usual: UsualReplica) => Promise<T>,
): Promise<T> {
  let next = checked;
  for (;;) {
    run.report.step('check-server');
    const preferred = usualReplica(kind, run, status);
    const chosen = next ?? (await usable.choose(run, preferred.name));
    next = undefined;
    status.replica = chosen.replica.name;
    const recovered = await usable.tryUntilPost(chosen, () => {
      return recoverInterruptedRun(kind, chosen, status, usable);
    });
    if (recovered === undefined) continue;
    // The recovered backup may be the base now, and another replica may have made it.
    const usual = usualReplica(kind, run, status);
    const maker = run.replicas.find(({ name }) => name === usual.name);
    const isOther = maker !== undefined && maker !== chosen.replica && usable.mayUse(maker);
    const mayChange = usual.name !== preferred.name && isOther;
    const worker = mayChange ? await usable.choose(run, usual.name) : chosen;
    status.replica = worker.replica.name;
    const result = await usable.tryUntilPost(worker, () => makeBackup(worker, usual));
    if (result !== undefined) return result.value;
  }
}
