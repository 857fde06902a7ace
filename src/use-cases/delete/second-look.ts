import type { Backup, BackupState, Location } from '../../backup/backup.js';
import { since } from '../../client/versions.js';
import { ConfigError } from '../../errors.js';
import { secondListPauseMs } from '../../time/rhythms.js';
import type { CommandContext } from '../context.js';

/** What two lists, two minutes apart, agree on; undefined: there was only one list. */
export interface SeenTwice {
  brokenTwice?: ReadonlySet<string>;
  foreignTwice?: ReadonlySet<string>;
}

/** Names of the backups that are broken in two lists: those that `--broken` deletes. */
export async function findBrokenTwice(
  location: Location,
  context: CommandContext,
): Promise<ReadonlySet<string>> {
  const { client, report } = context;
  const { seesOthersWork, version } = await client.capabilities();
  if (!seesOthersWork) {
    throw new ConfigError(
      `clickhouse-backup ${version} as a program does not see what others upload, which looks broken too`,
      {
        hint: `use its API, name the broken ones with --name, or update it to ${since.seesOthersWork} or later`,
      },
    );
  }
  report.phase(`reading the ${location} list`);
  const broken = (await client.list(location)).filter(({ state }) => state === 'broken');
  if (broken.length === 0) return new Set();
  report.info(`${broken.length} look broken; looking again in two minutes`);
  report.phase('waiting to look at the broken ones again');
  return seenAgain(location, broken, 'broken', context);
}

/**
 * Names of the entries that are foreign in two lists. One that is foreign only once may be a backup
 * that needs its base.
 */
export async function findForeignTwice(
  location: Location,
  foreign: readonly Backup[],
  context: CommandContext,
): Promise<ReadonlySet<string>> {
  const { report } = context;
  const count = foreign.length === 1 ? '1 entry does' : `${foreign.length} entries do`;
  report.info(`${count} not look like a backup; checking again in two minutes`);
  report.phase('waiting to check again what is not a backup');
  return seenAgain(location, foreign, 'foreign', context);
}

async function seenAgain(
  location: Location,
  rows: readonly Backup[],
  wanted: BackupState,
  { clock, client, signal }: CommandContext,
): Promise<ReadonlySet<string>> {
  await clock.sleep(secondListPauseMs, signal);
  const names = new Set(rows.map(({ name }) => name));
  const again = await client.list(location);
  return new Set(
    again.filter(({ state, name }) => state === wanted && names.has(name)).map(({ name }) => name),
  );
}
