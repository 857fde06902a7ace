import path from 'node:path';
import { backupName, parseBackupName } from '../../src/backup/names.js';
import { type ScheduleRecord, logDir } from './schedule-record.js';
import { table } from '../simulator/clickhouse-tables.js';
import type { ScenarioHost } from './scenario-host.js';
import type { Fault } from './script.js';
import { basicAuthorization, secret } from './secret.js';
import type { Time } from './time.js';
import { forgetRefused } from './watched-transport.js';

const authorization = basicAuthorization(secret);

/** What `injectFault` needs besides the host. */
export interface FaultContext {
  time: Time;
  schedule: ScheduleRecord;
  /** Runs `action` later, unless the schedule has ended by then. */
  later(ms: number, action: () => unknown): void;
  /** The number of things that other clients made. */
  made: { count: number };
}

/** Injects a fault now; a fault with a duration ends by itself. */
export function injectFault(fault: Fault, host: ScenarioHost, context: FaultContext): void {
  const { simulator, setup } = host;
  const { time, schedule, later } = context;
  const file = (name: string) => path.join(logDir, `.${host.name}_${name}`);
  switch (fault.kind) {
    case 'restart': {
      const { rows, work, resume } = fault;
      if (rows === 'gone') forgetAllRefused(schedule, host);
      return simulator.restart({ rows, work, resume });
    }
    case 'refuse':
      simulator.refuse = time.server.now() + fault.ms;
      return;
    case 'rate limit':
      simulator.rateLimit = time.server.now() + fault.ms;
      return;
    case 'storage down':
      startOutage(host, time.elapsedMs);
      return later(fault.ms, () => endOutage(host, time.elapsedMs));
    case 'storage full':
      simulator.fullStorage = true;
      return later(fault.ms, () => (simulator.fullStorage = false));
    case 'hang':
      simulator.hang = true;
      return later(fault.ms, () => (simulator.hang = false));
    case 'clickhouse down':
      simulator.clickHouseDown = true;
      return later(fault.ms, () => (simulator.clickHouseDown = false));
    case 'lists hang':
      simulator.listsHang = true;
      return later(fault.ms, () => (simulator.listsHang = false));
    case 'incomplete': {
      const copies = [...simulator.remote.values()].filter(({ broken }) => broken === undefined);
      const copy = copies.at(-1 - (fault.pick % Math.max(1, copies.length)));
      if (copy === undefined) return;
      const some = [...copy.tables.keys()]
        .slice(fault.pick % Math.max(1, copy.tables.size))
        .slice(0, 1);
      const tables = fault.of === 'all tables' ? {} : { tables: some };
      return simulator.setIncomplete(copy.name, { ...tables, moves: fault.moves });
    }
    case 'other deletes, upload resumed': {
      const uploads = [...simulator.local.values()].filter(
        ({ name, uploadState }) => uploadState !== undefined && simulator.remote.has(name),
      );
      const copy = uploads.at(-1 - (fault.pick % Math.max(1, uploads.length)));
      if (copy === undefined) return;
      simulator.deleteBehind('remote', copy.name);
      forgetAllRefused(schedule, host);
      return simulator.restart({ rows: 'gone', work: 'stops', resume: true });
    }
    case 'table reads fail': {
      if (fault.count > 0) {
        simulator.failTableReads(fault.how, fault.count);
        return;
      }
      return later(fault.ms, simulator.failTableReads(fault.how));
    }
    case 'uploads listed late':
      return simulator.showUploadsAfterLists(fault.lists);
    case 'log entries late':
      return simulator.forgetUploadRowFor(Math.min(fault.ms, 50_000));
    case 'fail':
      return simulator.failNext(fault.operation, fault.text, {
        madeAnyway: fault.madeAnyway,
        leavesBroken: fault.leavesBroken,
      });
    case 'flaw':
      return simulator.breakNextUpload(fault.flaw);
    case 'busy':
      return simulator.busyWith('upload OTHER', fault.ms);
    case 'other deletes':
    case 'other breaks': {
      const names = [...simulator[fault.location].keys()];
      const name = names[fault.pick % Math.max(1, names.length)];
      if (name === undefined) return;
      if (fault.kind === 'other deletes') return simulator.deleteBehind(fault.location, name);
      return simulator.setBroken(fault.location, name);
    }
    case 'other adds': {
      const name = `BY_HAND_${++context.made.count}`;
      simulator.addBackup(fault.location, { name });
      if (fault.broken) simulator.setBroken(fault.location, name);
      return;
    }
    case 'foreign entry': {
      const name = `pg_dumps_${++context.made.count}`;
      const isFile = fault.location === 'remote' && fault.file;
      return simulator.addForeign(fault.location, name, isFile ? 'refused' : undefined);
    }
    case 'other uploads': {
      const names = [...simulator.local.keys()].toReversed();
      const name = names[fault.pick % Math.max(1, names.length)];
      if (name === undefined) return;
      if (!schedule.uploadsRequested.has(name)) schedule.uploadsRequested.set(name, '');
      return request(host, 'POST', `/backup/upload/${name}`, later);
    }
    case 'other uses our names':
      for (const kind of ['FULL', 'DIFF'] as const) {
        const name = backupName(kind, new Date(time.clock.now()));
        if (!simulator.local.has(name)) simulator.addBackup('local', { name });
      }
      return;
    case 'other backs up': {
      const name = `OTHER_${++context.made.count}`;
      request(host, 'POST', `/backup/create?name=${name}`, later);
      return later(setup.createMs + 1, () => {
        request(host, 'POST', `/backup/upload/${name}`, later);
      });
    }
    case 'other lists':
      return request(host, 'GET', '/backup/list', later);
    case 'other cleans':
      return request(host, 'POST', '/backup/clean/remote_broken', later);
    case 'other kills': {
      const running = simulator.actions.find(({ status }) => status === 'in progress');
      const command = encodeURIComponent(running?.command ?? '');
      return request(host, 'POST', `/backup/kill?command=${command}`, later);
    }
    case 'table refilled':
      return simulator.refillTable('shop.orders', 1000 + ++context.made.count);
    case 'table emptied':
    case 'table replaced': {
      const old = simulator.tables.get(fault.table);
      const isEmptied = fault.kind === 'table emptied';
      const engine = isEmptied ? (old?.engine ?? 'MergeTree') : fault.engine;
      simulator.tables.set(
        fault.table,
        table(engine, isEmptied ? 0 : 70, (old?.generation ?? 0) + 1),
      );
      return;
    }
    case 'table dropped':
      simulator.tables.delete(fault.table);
      return;
    case 'clock set':
      // Names of forgotten backups would be used again.
      if (schedule.hasLostFiles && fault.ms < 0) return;
      return time.shiftWallClock(fault.ms);
    case 'disk full':
      schedule.folder.full = fault.what;
      return later(fault.ms, () => (schedule.folder.full = undefined));
    case 'no locks':
      schedule.folder.refusesLocks = true;
      return later(fault.ms, () => (schedule.folder.refusesLocks = false));
    case 'log directory emptied':
      return emptyLogDirectory(schedule, time);
    case 'last-backup file lost':
      schedule.folder.files.delete(file('last_backup'));
      return;
    case 'last-backup file overwritten':
      schedule.folder.files.set(file('last_backup'), fault.text);
      return;
    case 'journal overwritten':
      // A journal is not overwritten while a program holds the lock.
      if (schedule.folder.locks.has(file('lock'))) return;
      schedule.folder.files.set(file('run.json'), fault.text);
      return;
    case 'status file lost':
      schedule.folder.files.delete(file('status.json'));
      return;
    case 'status file overwritten':
      schedule.folder.files.set(file('status.json'), fault.text);
      return;
    case 'status file refused':
      schedule.folder.refused.add(file('status.json'));
      return later(fault.ms, () => schedule.folder.refused.delete(file('status.json')));
  }
}

/**
 * Removes all files, as a new container has none. Not while a program is running with them, and not if
 * a backup has the name of this second or of a later one, because that name would be used again.
 */
export function emptyLogDirectory(schedule: ScheduleRecord, { clock }: Time): void {
  const { folder, maybeDone } = schedule;
  const names = [...maybeDone].map((key) => parseBackupName(key.replace(/^create /, '')));
  const newestMs = Math.max(...names.map((name) => name?.atMs ?? 0));
  if (folder.locks.size > 0 || newestMs + 1000 > clock.now()) return;
  folder.files.clear();
  schedule.hasLostFiles = true;
}

function startOutage({ outages, simulator }: ScenarioHost, atMs: number): void {
  if (!simulator.storageDown) outages.push({ startMs: atMs, endMs: Infinity });
  simulator.storageDown = true;
}

export function endOutage({ outages, simulator }: ScenarioHost, atMs: number): void {
  const last = outages.at(-1);
  if (simulator.storageDown && last !== undefined) last.endMs = atMs;
  simulator.storageDown = false;
}

function forgetAllRefused(schedule: ScheduleRecord, host: ScenarioHost): void {
  for (const run of schedule.runs.values()) if (run.host === host) forgetRefused(schedule, run);
}

/** Sends another client's request without waiting for the answer. */
function request(
  host: ScenarioHost,
  method: string,
  target: string,
  later: FaultContext['later'],
): void {
  later(0, () =>
    host.simulator.handle({ method, path: target, headers: { authorization }, body: '' }),
  );
}
