import type { Backup, BackupState, Location } from '../../backup/backup.js';
import { since } from '../../client/versions.js';
import { plural } from '../../text.js';
import { ConfigError } from '../../errors.js';
import { secondListPauseMs } from '../../time/intervals.js';
import type { CommandContext } from '../context.js';

/** Names on which two lists, two minutes apart, agree; undefined if there was only one list. */
export interface SeenTwice {
  brokenTwice?: ReadonlySet<string>;
  foreignTwice?: ReadonlySet<string>;
}

/** Returns the names of the backups that are broken in two lists: `--broken` deletes them. */
export async function findBrokenTwice(
  location: Location,
  context: CommandContext,
): Promise<ReadonlySet<string>> {
  const { client, report } = context;
  const { seesOthersWork, version } = await client.capabilities();
  if (!seesOthersWork) {
    throw new ConfigError(
      `clickhouse-backup ${version} cannot distinguish a broken backup from an upload by another client`,
      {
        hint: `use its API, or update it to ${since.seesOthersWork} or later; if no upload is running, select the broken backups with --name`,
      },
    );
  }
  report.phase(`reading the ${location} list`);
  const broken = (await client.list(location)).filter(({ state }) => state === 'broken');
  if (broken.length === 0) return new Set();
  report.info(
    `${plural(broken.length, 'backup looks', 'backups look')} broken; checking again in two minutes`,
  );
  report.phase('waiting to check the broken backups again');
  return seenAgain(location, broken, 'broken', context);
}

/**
 * Returns the names of the entries that are foreign in two lists. An entry that is foreign only once
 * may be a backup that needs its base.
 */
export async function findForeignTwice(
  location: Location,
  foreign: readonly Backup[],
  context: CommandContext,
): Promise<ReadonlySet<string>> {
  const { report } = context;
  report.info(
    `${plural(foreign.length, 'entry does', 'entries do')} not look like a backup; checking again in two minutes`,
  );
  report.phase('waiting to check the other entries again');
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
