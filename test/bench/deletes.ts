import { Simulator } from '../simulator/simulator.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { fillRemote } from './fill-remote.js';
import { openInProcess } from './in-process.js';

const backups = 1000;
const deleteMs = 2000;

/** Measures deleting all but 100 of 1,000 remote backups, with 2 s of server time per delete. */
export async function measureDeletes(): Promise<string> {
  const clock = new VirtualClock();
  const workMs = { delete: deleteMs, list: 2000 };
  const options = { username: 'u', password: 'p', workMs };
  const simulator = new Simulator({ version: '2.8.1', clock: clock.server, ...options });
  fillRemote(simulator, backups, clock.now());
  const program = await openInProcess(simulator, clock);
  const lists = () => simulator.requests.filter(({ path }) => path.includes('/list/')).length;
  const timed = async (...more: string[]) => {
    const startMs = performance.now();
    await program.run('delete-remote', '--keep', '100', ...more);
    return performance.now() - startMs;
  };
  try {
    const planMs = await timed('--dry-run');
    const listsOfPlan = lists();
    const startMs = clock.elapsed();
    const workedMs = await timed('--yes');
    const waitedMs = clock.elapsed() - startMs;
    const deleted = simulator.requests.filter(({ method }) => method === 'POST').length;
    const serverMs = deleted * deleteMs;
    const added = ((workedMs + waitedMs - serverMs) / serverMs) * 100;
    return [
      `${backups} remote backups, ${deleted} deleted at ${deleteMs / 1000} s each:`,
      `  --dry-run, including the list             ${(planMs / 1000).toFixed(2)} s, lists ${listsOfPlan} (target 1)`,
      `  added to the server's own time            ${added.toFixed(2)} %   (target 5; lists ${lists() - listsOfPlan})`,
      '',
    ].join('\n');
  } finally {
    await program.close();
  }
}
