/** The times of the timers as cron has them; `test/real/samples.test.ts` compares them with systemd's own. */
export const cronOf: Record<string, string> = {
  'Mon..Fri,Sun *-*-* *:00:00': '0 * * * 0-5',
  'Sat *-*-* 00..20:00:00': '0 0-20 * * 6',
  'Sat *-*-* 20:30:00': '30 20 * * 6',
  '*-*-* *:45:00': '45 * * * *',
};
