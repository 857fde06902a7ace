import type { WaitBudget } from '../../time/waiting.js';
import type { Capabilities, DeleteOutcome, Client, Outcome } from '../client.js';
import { slowMs } from '../limits.js';
import { canListAsJson, readCapabilities } from './capabilities.js';
import { listBackups } from './list.js';
import { runOperation } from './operation.js';
import { restoreArguments, restoreEnvironment } from './restore-call.js';
import type { Program } from './run-program.js';
import { findTable } from './tables.js';
import { checkUsable } from './usable.js';

type Again = (() => Promise<void>) | undefined;

export interface BinaryClientOptions extends Program {
  /** How long the run may wait for another clickhouse-backup that works on the same backup. */
  wait: WaitBudget;
  /** How long one download or restore may take. */
  timeoutMs: number;
}

/** Returns the client for the local program `clickhouse-backup`, without starting it. */
export function createBinaryClient(options: BinaryClientOptions): Client {
  const { wait, timeoutMs } = options;
  let known: Promise<Capabilities> | undefined;
  let asJson: Promise<boolean> | undefined;
  // Read before each call, because a program that is not clickhouse-backup may exit with 0.
  const capabilities = () => (known ??= readCapabilities(options));

  const operate = async (
    args: string[],
    limitMs: number,
    { env = {}, beforeAgain }: { env?: Record<string, string>; beforeAgain?: Again } = {},
  ) => {
    await capabilities();
    return runOperation(options, wait, { args, limitMs, env }, beforeAgain);
  };

  return {
    capabilities,

    async checkUsable() {
      await capabilities();
      return checkUsable(options);
    },

    async list(location) {
      await capabilities();
      return listBackups(options, location, await (asJson ??= canListAsJson(options)));
    },

    async table(name) {
      await capabilities();
      return findTable(options, name);
    },

    // After `--`, a name that begins with a dash is not taken for a flag.
    download: (backup): Promise<Outcome> => operate(['download', '--', backup], timeoutMs),

    restore: (request, beforeAgain): Promise<Outcome> =>
      operate(restoreArguments(request), timeoutMs, {
        env: restoreEnvironment(request),
        beforeAgain,
      }),

    async delete(location, backup, beforeAgain) {
      const args = ['delete', location, '--', backup];
      return deleteOutcome(await operate(args, slowMs, { beforeAgain }));
    },
  };
}

function deleteOutcome(outcome: Outcome): DeleteOutcome {
  if (outcome.kind === 'success') return { kind: 'deleted' };
  if (outcome.kind === 'unknown') return outcome;
  const { reason, code } = outcome;
  return code === 'not-found' ? { kind: code, reason } : { kind: 'error', reason, code };
}
