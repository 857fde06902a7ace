import type { CommandContext } from './context.js';

/**
 * Creates the log file before the first request that changes anything: a run that cannot be logged must
 * not begin. A host without files in the log directory is asked first whether it can be used, so that a
 * typing error leaves no files that are named after a user or a password; its error is not logged.
 *
 * Returns true if the server was checked.
 */
export async function prepareHost(
  context: CommandContext,
  check: () => Promise<unknown> = () => checkServer(context),
): Promise<boolean> {
  const { files, log, report } = context;
  report.step('known-host');
  if (files.exist()) {
    log.prepare();
    return false;
  }
  report.step('check-new-host');
  await check();
  log.prepare();
  return true;
}

/** Throws if the server, or ClickHouse behind it, cannot be used. */
export async function checkServer({
  client,
  report,
}: Pick<CommandContext, 'client' | 'report'>): Promise<void> {
  report.phase('checking that ClickHouse answers');
  await client.checkUsable();
}
