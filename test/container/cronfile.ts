import { Cron } from 'croner';

/** A line of a crontab that starts something. */
export interface CronEntry {
  /** The five fields of the time, one space apart. */
  schedule: string;
  command: string;
  /** False for one that is commented out. */
  active: boolean;
}

const entryLine = /^(# *)?((?:[\d*,/-]+ +){5})([a-z].*)$/;

/** The entries of a crontab, those commented out too. */
export function readCronEntries(crontab: string): CronEntry[] {
  return crontab.split('\n').flatMap((line) => {
    const match = entryLine.exec(line.trim());
    if (match === null) return [];
    const [, comment, fields = '', command = ''] = match;
    return [{ schedule: fields.trim().split(/ +/).join(' '), command, active: !comment }];
  });
}

/** The moments from `from` (included) to `to` (not included) at which a schedule fires, in UTC. */
export function firingTimes(schedule: string, from: Date, to: Date): Date[] {
  const cron = new Cron(schedule, { timezone: 'UTC' });
  const times: Date[] = [];
  let time = cron.nextRun(new Date(from.getTime() - 1));
  while (time !== null && time < to) {
    times.push(time);
    time = cron.nextRun(time);
  }
  return times;
}
