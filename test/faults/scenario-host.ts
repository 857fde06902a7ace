import { recordedTables, table } from '../simulator/clickhouse-tables.js';
import { Simulator, type SimulatedBackup } from '../simulator/simulator.js';
import type { HostSetup } from './script.js';
import { secret, user } from './secret.js';
import type { Outage } from './table-reads.js';
import type { Time } from './time.js';

/** A simulated ClickHouse server with its clickhouse-backup. */
export interface ScenarioHost {
  /** As typed, and in file names. */
  name: string;
  setup: HostSetup;
  simulator: Simulator;
  /** The outages of its remote storage so far. */
  outages: Outage[];
}

export function makeHost(
  at: number,
  setup: HostSetup,
  time: Time,
  remote: Map<string, SimulatedBackup> | undefined,
): ScenarioHost {
  const simulator = new Simulator({
    version: setup.version,
    clock: time.server,
    username: user,
    password: secret,
    keepLocal: setup.keepLocal,
    keepRemote: setup.keepRemote,
    tables: new Map([
      ...recordedTables(),
      ['shop.lines', table('Log', 500)],
      ['shop.mv', table('MaterializedView', 0)],
      ['shop..inner.mv', table('MergeTree', 300)],
    ]),
    uploadByPart: setup.uploadByPart,
    workMs: {
      create: setup.createMs,
      upload: setup.uploadMs,
      list: setup.listMs,
      tableRead: setup.tableReadMs,
    },
    ...(remote && { remote }),
  });
  return { name: `h${at}`, setup, simulator, outages: [] };
}
