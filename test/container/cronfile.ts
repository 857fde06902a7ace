import { Cron } from 'croner';

/** A line of a crontab that starts a command. */
export interface CronEntry {
  /** The five fields of the time, one space apart. */
  schedule: string;
  command: string;
  /** False if the line is commented out. */
  active: boolean;
}

const entryLine = /^(# *)?((?:[\d*,/-]+ +){5})([a-z].*)$/;

/** Returns the entries of a crontab, including those that are commented out. */
export function readCronEntries(crontab: string): CronEntry[] {
  return crontab.split('\n').flatMap((line) => {
    const match = entryLine.exec(line.trim());
    if (match === null) return [];
    const [, comment, fields = '', command = ''] = match;
    return [{ schedule: fields.trim().split(/ +/).join(' '), command, active: !comment }];
  });
}

/** Returns the times at which a schedule fires, from `from` up to but not including `to`, in UTC. */
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
