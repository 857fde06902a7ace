import { defaults } from '../../config/names.js';
import { ConfigError } from '../../errors.js';
import { metricsOption } from './create.js';
import type { CommandDefinition } from './definition.js';

/** The options that have no variable, as typed. */
interface CheckOptions {
  deep?: boolean;
  nagios?: boolean;
}

export const check: CommandDefinition = {
  name: 'check',
  summary: 'check that there are recent backups that can be restored',
  description: [
    'Checks that there are recent backups that can be restored.',
    'Prints one line per check, and then the result of all. Takes no lock, and changes nothing on the servers or in the log directory.',
    'Exits with 0 if no check is critical, 1 if one is, and 3 if only some shards of a cluster are critical.',
  ].join(' '),
  examples: [
    'chbackup check clickhouse-backup-api',
    'chbackup check clickhouse-backup-api --max-age 26h --max-full-age 8d',
    'chbackup check clickhouse-backup-api --deep',
    "chbackup check 'ch-{1..3}{a|b}' --json",
    'chbackup check clickhouse-backup-api --nagios',
    '45 * * * *  chbackup check clickhouse-backup-api --quiet    # in a crontab',
  ],
  options: [
    {
      flags: '--max-age <time>',
      description: `critical if the newest backup is older than this (default: ${defaults.maxAge})`,
    },
    {
      flags: '--max-full-age <time>',
      description: `critical if the full backup that the newest one needs is older than this (default: ${defaults.maxFullAge})`,
    },
    {
      flags: '--max-chain <n>',
      description:
        'critical if the chain of the newest backup has more than n increments (default: no limit)',
    },
    {
      flags: '--deep',
      description:
        'also read the tables of the newest backup and of its full backup; critical if one is incomplete (requires clickhouse-backup 2.7.0 or later)',
    },
    {
      flags: '--nagios',
      description:
        'print one line with performance data, and exit with 0, 1, 2 or 3 like a Nagios plugin',
    },
    metricsOption,
  ],
  // A check must end soon; it only waits for servers that must not list while they are busy.
  defaultWait: '30s',
  canUseBinary: false,
  canUseCluster: true,
  monitoring: 'check',
  async run(typed, execution) {
    const { deep = false, nagios = false }: CheckOptions = typed.options;
    // With the variable for JSON, --nagios on the command line wins.
    if (nagios && execution.environment.argv.includes('--json')) {
      throw new ConfigError('--nagios and --json cannot be used together', { hint: 'choose one' });
    }
    const { executeCheck } = await import('./check-view.js');
    return executeCheck({ deep, nagios }, execution);
  },
};
