import { systemClock } from '../../src/time/clock.js';
import { serve } from '../simulator/http-server.js';
import { Simulator } from '../simulator/simulator.js';
import { fillRemote } from './fill-remote.js';

/** A simulated server that another process serves. */
export interface ShardServer {
  port: number;
  /** The newest backup on its remote storage. */
  newest: string;
}

const shortestUploadMs = 1000;
const backups = 336;

/**
 * Serves as many shards as the first argument says, whose uploads take from 1 s to as many milliseconds
 * as the second one says. Writes a line of JSON, `ShardServer[]`; ends when it is killed.
 */
async function serveShards(count: number, longestUploadMs: number): Promise<ShardServer[]> {
  const servers: ShardServer[] = [];
  for (let at = 0; at < count; at++) {
    const share = count === 1 ? 1 : at / (count - 1);
    const upload = shortestUploadMs + (longestUploadMs - shortestUploadMs) * share;
    const simulator = new Simulator({
      version: '2.8.1',
      clock: systemClock,
      username: 'u',
      password: 'p',
      workMs: { create: 1000, upload },
    });
    // Shards do not share backup names.
    const newest = fillRemote(simulator, backups, Date.now() - at * 1000);
    servers.push({ port: (await serve(simulator)).port, newest });
  }
  return servers;
}

const [count = 1, longestUploadMs = 1000] = process.argv.slice(2).map(Number);
process.stdout.write(`${JSON.stringify(await serveShards(count, longestUploadMs))}\n`);
