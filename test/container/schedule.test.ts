import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import { type CronEntry, firingTimes, readCronEntries } from './cronfile.js';
import { parseCluster } from '../../src/config/cluster.js';
import { readProjectFile } from './project-files.js';
import { commandOf } from '../deploy/sample-commands.js';

const crontab = readProjectFile('cronfile');
const entries = readCronEntries(crontab);
const shipped = entries.filter((entry) => entry.active);
const isCheck = (entry: CronEntry) => entry.command.startsWith('chbackup check ');
const cluster = entries.filter((entry) => !entry.active && !isCheck(entry));

const minuteMs = 60_000;
const from = new Date('2026-11-23T00:00:00Z'); // a Monday
const to = new Date('2026-12-07T00:00:00Z');
const saturday = 6;

const diff = 'chbackup create-diff clickhouse-backup-api';
const full = 'chbackup create-full clickhouse-backup-api';
const rotation = 'logrotate';

/** Returns the jobs that docs/container.md documents for this minute. */
function documentedJobs(time: Date): string[] {
  const [weekday, hour, minute] = [time.getUTCDay(), time.getUTCHours(), time.getUTCMinutes()];
  const jobs: string[] = [];
  if (minute === 0 && (weekday !== saturday || hour <= 20)) jobs.push(diff);
  if (weekday === saturday && hour === 20 && minute === 30) jobs.push(full);
  if (hour === 6 && minute === 0) jobs.push(rotation);
  return jobs;
}

function nameOf(command: string): string {
  return command.startsWith(`${rotation} `) ? rotation : command;
}

/** Returns the jobs that start in each minute (an ISO text); minutes without jobs are omitted. */
function jobsByMinute(of: CronEntry[]): Map<string, string[]> {
  const byMinute = new Map<string, string[]>();
  for (const { schedule, command } of of) {
    for (const time of firingTimes(schedule, from, to)) {
      const jobs = byMinute.get(time.toISOString()) ?? [];
      byMinute.set(time.toISOString(), [...jobs, nameOf(command)]);
    }
  }
  return byMinute;
}

describe('the schedule over two weeks', () => {
  const jobs = jobsByMinute(shipped);

  test('starts exactly the documented jobs in each minute', () => {
    const expected = new Map<string, string[]>();
    for (let at = from.getTime(); at < to.getTime(); at += minuteMs) {
      const time = new Date(at);
      const names = documentedJobs(time);
      if (names.length > 0) expected.set(time.toISOString(), names);
    }
    const byTime = (of: Map<string, string[]>) => [...of].toSorted(([a], [b]) => (a < b ? -1 : 1));
    expect(byTime(jobs)).toEqual(byTime(expected));
  });

  test('has 165 DIFFs, one FULL and seven rotations per week', () => {
    const names = [...jobs.values()].flat();
    const count = (name: string) => names.filter((each) => each === name).length;
    expect([count(diff), count(full), count(rotation)]).toEqual([330, 2, 14]);
  });

  test.for(['2026-11-28', '2026-12-05'])('has no job after the FULL on Saturday %s', (day) => {
    const eveningJobs = [...jobs].filter(([time]) => time >= `${day}T20` && time < `${day}T24`);
    expect(eveningJobs).toEqual([
      [`${day}T20:00:00.000Z`, [diff]],
      [`${day}T20:30:00.000Z`, [full]],
    ]);
  });

  test('creates no more backups than the storage keeps', () => {
    const config = parse(readProjectFile('clickhouse/clickhouse-backup-config.yml')) as {
      general: { backups_to_keep_remote: number };
    };
    const backups = [...jobs.values()].flat().filter((name) => name !== rotation).length;
    expect(config.general.backups_to_keep_remote).toBeGreaterThanOrEqual(backups);
  });
});

describe('the crontab', () => {
  test('uses only syntax that busybox supports', () => {
    for (const { schedule } of entries) {
      expect(schedule).toMatch(/^[\d*-]+( [\d*-]+){4}$/);
      // busybox reads 7 as every day of the week and only logs an error.
      expect(schedule.split(' ')[4]).not.toContain('7');
    }
    expect(crontab).toMatch(/\n$/);
    expect(crontab).not.toMatch(/^\s*(MAILTO|SHELL|PATH)\s*=/m);
  });

  test('contains only comments and entries', () => {
    const lines = crontab.split('\n').filter((line) => !/^\s*(#|$)/.test(line));
    expect(lines).toHaveLength(shipped.length);
  });

  test('contains only the host, not the user or the password', () => {
    const backups = entries.filter((entry) => nameOf(entry.command) !== rotation);
    for (const { command } of backups.filter((entry) => !isCheck(entry))) {
      expect(command).toMatch(/^chbackup create-(full|diff) ([a-z0-9-]+|'[a-z0-9{}|.-]+')$/);
    }
    expect(crontab).not.toContain('Pass123');
  });

  test('has a check of the same host, commented out, that allows for the gap of the schedule', () => {
    const [check, ...others] = entries.filter(isCheck);
    expect(others).toEqual([]);
    expect(check).toMatchObject({ active: false, schedule: '45 * * * *' });
    const argv = check?.command.split(' ').slice(1) ?? [];
    expect(commandOf(argv)).toBe('check');
    expect(argv[1]).toBe(diff.split(' ').at(-1));

    const maxAgeHours = Number(/--max-age (\d+)h/.exec(check?.command ?? '')?.[1]);
    const backups = shipped.filter((entry) => nameOf(entry.command) !== rotation);
    const times = [...jobsByMinute(backups).keys()].toSorted().map((time) => Date.parse(time));
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    const longestGapHours = Math.max(...gaps) / 3_600_000;
    expect(longestGapHours).toBe(3.5);
    // The length of a FULL, and one hour: docs/monitoring.md.
    expect(maxAgeHours).toBeGreaterThan(longestGapHours + 1);
  });

  test('shows a command line with user and password in a comment', () => {
    expect(crontab).toMatch(/^# +chbackup create-diff host user password$/m);
  });

  test('has the same entries for a cluster, commented out, with its hosts in quotes', () => {
    const hosts = "'ch-{1..3}{a|b}'";
    expect(cluster.map((entry) => entry.command)).toEqual([
      `chbackup create-diff ${hosts}`,
      `chbackup create-diff ${hosts}`,
      `chbackup create-full ${hosts}`,
    ]);
    const firstShard = shipped.filter((entry) => nameOf(entry.command) !== rotation);
    expect(cluster.map((entry) => entry.schedule)).toEqual(
      firstShard.map((entry) => entry.schedule),
    );
    expect(parseCluster(hosts.slice(1, -1))).toHaveLength(3);
  });

  test('says what the notation means, and that each shard needs its own path', () => {
    const comments = crontab.replaceAll(/\n# ?/g, ' ');
    expect(comments).toContain('the preferred one first');
    expect(comments).toContain('its own path on the storage');
  });
});
