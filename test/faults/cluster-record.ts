import path from 'node:path';
import type { Simulator } from '../simulator/simulator.js';
import type { FolderWatcher } from './memory-folder.js';
import type { ClusterRunStep } from './cluster-script.js';
import { FailedCheckError, logDir } from './schedule-record.js';

/** A run on a cluster, and what it did. */
export interface ClusterRun {
  id: number;
  step: ClusterRunStep;
  /** The replicas that it names, by shard, in its order. */
  shards: string[][];
  /** The backups that it created, by replica. */
  created: Map<string, string>;
  recorded: Set<string>;
  /** The replicas that were asked for their tables, which is right before a create. */
  prepared: Set<string>;
  /** The replicas that had a fault at any time while it ran. */
  faulty: Set<string>;
  /** The last backup of a shard when a backup of it was created, by that backup. */
  lastBefore: Map<string, string | undefined>;
  /** No fault was active, and no other run was working, while it ran. */
  isQuiet: boolean;
  stderr: string;
}

/** The servers, the runs, and the checks of what runs do to files and servers. */
export class ClusterRecord {
  readonly servers = new Map<string, Simulator>();
  readonly runs = new Map<number, ClusterRun>();
  readonly tally = new Map<string, number>();
  /** All backups in the order in which their creates were requested, and the replica of each. */
  private readonly makers = new Map<string, string>();
  /** Backups of which a run said that they failed. */
  private readonly failed = new Set<string>();
  private readonly filesOf: (file: string) => string | undefined;
  private readonly lockOwner: (file: string) => number | undefined;
  failedCheck: FailedCheckError | undefined;

  /** `filesOf` returns the text of a file, `lockOwner` the run that holds a lock. */
  constructor(
    filesOf: (file: string) => string | undefined,
    lockOwner: (file: string) => number | undefined,
  ) {
    this.filesOf = filesOf;
    this.lockOwner = lockOwner;
  }

  count(what: string): void {
    this.tally.set(what, (this.tally.get(what) ?? 0) + 1);
  }

  expect(isMet: boolean, run: ClusterRun, failure: string): void {
    if (isMet) return;
    this.failedCheck ??= new FailedCheckError(`run ${run.id}: ${failure}\n${run.stderr}`);
  }

  run(id: number): ClusterRun {
    const run = this.runs.get(id);
    if (run === undefined) throw new Error(`there is no run ${id}`);
    return run;
  }

  server(host: string): Simulator {
    const server = this.servers.get(host);
    if (server === undefined) throw new Error(`there is no server ${host}`);
    return server;
  }

  makerOf(name: string): string | undefined {
    return this.makers.get(name);
  }

  /** Servers of one path must see what the others have finished. */
  finishDueWork(): void {
    for (const server of this.servers.values()) server.finishDueWork();
  }

  /** Returns the newest last backup among the files of these hosts. */
  lastBackupOf(hosts: readonly string[]): string | undefined {
    const names = hosts.flatMap((host) => this.filesOf(`.${host}_last_backup`) ?? []);
    return names.toSorted((one, other) => this.age(one) - this.age(other)).at(-1);
  }

  /** Checks that all POSTs of a run, answered or not, go to one replica of a shard. */
  posted(run: ClusterRun, host: string, target: string): void {
    const name = /^\/backup\/create\?name=([^&]+)/.exec(target)?.[1];
    const shard = run.shards.find((hosts) => hosts.includes(host)) ?? [];
    if (name !== undefined) {
      run.lastBefore.set(name, this.lastBackupOf(shard));
      this.makers.set(name, host);
      run.created.set(host, name);
    }
    const others = [...run.created.keys()].filter((one) => one !== host && shard.includes(one));
    this.expect(others.length === 0, run, `POST ${target} to ${host}, after one to ${others[0]}`);
    const isLocked = shard.every((one) => this.lockOwner(`.${one}_lock`) === run.id);
    this.expect(isLocked, run, `POST ${target} to ${host} without the locks of all replicas`);
    if (name !== undefined && shard.some((one) => one !== host && run.prepared.has(one))) {
      this.count('handed over right before the create');
    }
    this.count(`posts to replica ${shard.indexOf(host) + 1} of ${shard.length}`);
  }

  /** Checks that no upload that may still be running is called failed. */
  said(run: ClusterRun, text: string): void {
    run.stderr += text;
    const pattern = /backup (\S+) (?:of the previous run )?failed/g;
    for (const [, name = ''] of text.matchAll(pattern)) {
      this.failed.add(name);
      const isRunning = [...this.servers].some(([, { actions }]) =>
        actions.some(
          ({ command, status }) =>
            status === 'in progress' && command.startsWith('upload') && command.endsWith(name),
        ),
      );
      this.expect(!isRunning, run, `backup ${name} is called failed while it is being uploaded`);
      this.count('backups called failed');
    }
    if (text.includes('it is unknown whether backup')) this.count('backups left open');
    if (text.includes('using the replica')) this.count('fallbacks');
  }

  /** Callbacks for what runs write. */
  readonly watcher: FolderWatcher = {
    wrote: (owner, file, text, before) => {
      const run = this.run(owner);
      if (file.endsWith('_last_backup')) this.recorded(run, file, text.trim(), before?.trim());
      if (file.endsWith('_status.json')) this.checkStatus(run, text, before);
    },
    removed: (owner, file) => {
      this.expect(!file.endsWith('_last_backup'), this.run(owner), `${file} was removed`);
    },
    read: () => undefined,
    failed: () => undefined,
    locked: () => undefined,
    refused: () => undefined,
    lockRefused: () => undefined,
  };

  /** Checks that backups that were called failed did not become complete. */
  checkFailed(run: ClusterRun): void {
    this.finishDueWork();
    for (const name of this.failed) {
      const isWhole = [...this.servers.values()].some((server) => server.isWhole(name));
      this.expect(!isWhole, run, `backup ${name} was called failed, but it is complete`);
    }
  }

  private recorded(run: ClusterRun, file: string, name: string, before: string | undefined): void {
    const owner = /^\.(.*)_last_backup$/.exec(file)?.[1] ?? '';
    const hosts = run.shards.find((shard) => shard.includes(owner)) ?? [];
    this.expect(hosts.length > 0, run, `${file} was written`);
    const isOwn = [...run.created.values()].includes(name);
    if (before !== undefined) {
      this.expect(this.age(name) > this.age(before), run, `${name} was recorded over ${before}`);
    }
    for (const other of hosts.filter((host) => host !== owner)) {
      const last = this.filesOf(`.${other}_last_backup`) ?? '';
      this.expect(this.age(name) > this.age(last), run, `${name} was recorded after ${last}`);
    }
    const [maker = ''] = hosts;
    this.finishDueWork();
    this.expect(this.server(maker).isWhole(name), run, `${name} was recorded incomplete`);
    const journal = JSON.parse(this.filesOf(`.${owner}_run.json`) ?? '{}') as { backup?: string };
    this.expect(journal.backup === name, run, `${name} was recorded without its journal`);
    run.recorded.add(name);
    const what = this.server(maker).remote.get(name)?.required === '' ? 'full' : 'increment';
    this.count(isOwn ? `recorded: ${what}` : 'recorded later');
    if (this.makers.get(name) !== owner) this.count('recorded in files of another replica');
  }

  /** Checks that the last success of each kind never goes back. */
  private checkStatus(run: ClusterRun, text: string, before: string | undefined): void {
    const old = successesOf(before);
    const now = successesOf(text);
    for (const [kind, { backup }] of Object.entries(old)) {
      const next = now[kind]?.backup ?? '';
      const isKept = this.age(next) >= this.age(backup);
      this.expect(isKept, run, `the last success went back from ${backup} to ${next}`);
    }
  }

  private age(name: string): number {
    return [...this.makers.keys()].indexOf(name);
  }
}

function successesOf(text: string | undefined): Record<string, { backup: string }> {
  const status = JSON.parse(text ?? '{"lastSuccess":{}}') as {
    lastSuccess: Record<string, { backup: string }>;
  };
  return status.lastSuccess;
}

export const inLogDir = (file: string): string => path.join(logDir, file);
