import type { CommandContext, CreateContext, Replica, ShardContext } from '../use-cases/context.js';
import { withStepOfWaiting } from '../use-cases/step-of-waiting.js';
import { shortestPauseMs } from '../time/intervals.js';
import { WaitBudget } from '../time/waiting.js';
import type { Settings } from '../config/settings.js';
import type { Transport } from '../http/transport.js';
import { openServer } from '../client/api/open.js';
import type { GivenCredentials } from '../client/api/unauthorized.js';
import type { BackupServer } from '../client/client.js';
import { LogFile } from '../state/log-file.js';
import type { Environment } from './environment.js';
import type { Execution } from './execution.js';
import { observerOf } from './ui/replica-observer.js';
import { createRedactor } from './redaction.js';

type CreateOptions = Pick<CreateContext, 'runEnded'> &
  Partial<Pick<CreateContext, 'takeUploadTurn'>>;

/**
 * Opens what create-full and create-diff work with. `onReplicas`: the execution on each replica of a
 * shard, the preferred one first; they differ in their host only.
 */
export async function openCreateContext(
  onReplicas: readonly Execution[],
  { runEnded, takeUploadTurn = (upload) => upload() }: CreateOptions,
): Promise<CreateContext> {
  const { names } = firstOf(onReplicas);
  const opened = openParts(firstOf(onReplicas));
  const parts = { ...opened, report: withStepOfWaiting(opened.report) };
  const replicas = await Promise.all(onReplicas.map((each) => openReplica(each, parts)));
  const replica = firstOf(replicas);
  const { server } = replica;
  return { ...parts, replicas, replica, client: server, server, names, takeUploadTurn, runEnded };
}

/** Opens what delete-remote works with on a shard: the path of the storage that its replicas share. */
export async function openShardContext(onReplicas: readonly Execution[]): Promise<ShardContext> {
  const parts = openParts(firstOf(onReplicas));
  const replicas = await Promise.all(onReplicas.map((each) => openReplica(each, parts)));
  return { ...parts, replicas, client: firstOf(replicas).server };
}

/**
 * Opens what delete-local works with on a shard: the disk of each replica. They share the files of the
 * shard, but each reports to its own execution and may wait for its own server.
 */
export async function openReplicaContexts(
  onReplicas: readonly Execution[],
): Promise<ShardContext[]> {
  const { log } = openParts(firstOf(onReplicas));
  return Promise.all(
    onReplicas.map(async (each): Promise<ShardContext> => {
      const parts = { ...openParts(each), log };
      each.reporter.keepIn(log);
      const replica = await openReplica(each, parts);
      return { ...parts, replicas: [replica], client: replica.server };
    }),
  );
}

/** Opens what delete-remote and delete-local work with on a single host. */
export async function openHostContext(execution: Execution): Promise<ShardContext> {
  const { server, ...context } = await openContext(execution);
  const { fileName: name, label: host } = execution.settings.host;
  const { deleteLocalCommand: command } = context;
  const replicas =
    server === undefined ? [] : [{ name, host, server, deleteLocalCommand: command }];
  return { ...context, replicas };
}

async function openReplica(execution: Execution, parts: Parts): Promise<Replica> {
  const { settings } = execution;
  const { fileName: name, label: host } = settings.host;
  const server = await openApi(execution, parts, false);
  return {
    ...{ name, host, server },
    deleteLocalCommand: (backup) => deleteLocalCommand(settings, backup),
  };
}

function firstOf<T>(replicas: readonly T[]): T {
  const [first] = replicas;
  if (first === undefined) throw new Error('a shard has at least one replica');
  return first;
}

/** The same for commands that can also use the local program. */
export async function openContext(
  execution: Execution,
  listWhileBusy = false,
): Promise<CommandContext & { server: BackupServer | undefined }> {
  const { binaryPath, timeoutMs } = execution.settings;
  const parts = openParts(execution);
  if (binaryPath === undefined) {
    const server = await openApi(execution, parts, listWhileBusy);
    return { ...parts, client: server, server };
  }
  const { createBinaryClient } = await import('../client/binary/binary-client.js');
  // The program itself needs no working directory.
  const { env, cwd = '/', startProgram } = execution.environment;
  return {
    ...parts,
    server: undefined,
    client: createBinaryClient({
      ...parts,
      path: binaryPath,
      env,
      cwd,
      start: startProgram,
      observer: execution.reporter,
      timeoutMs,
    }),
  };
}

type Parts = Omit<CommandContext, 'client'> & { redact: (text: string) => string };

/** Opens no connection and writes nothing. */
function openParts(execution: Execution): Parts {
  const { environment, settings, reporter, disk, files, logDirectory, signal } = execution;
  const redact = createRedactor(settings);
  const log = new LogFile(disk, files, redact);
  const wait = new WaitBudget(settings.waitMs);
  reporter.keepIn(log);
  return {
    host: settings.host.label,
    clock: environment.clock,
    signal,
    wait,
    logDirectory,
    files,
    log,
    report: reporter,
    deleteLocalCommand: (backup) => deleteLocalCommand(settings, backup),
    redact,
  };
}

async function openApi(
  { environment, settings, newHost }: Execution,
  parts: Parts,
  listWhileBusy: boolean,
): Promise<BackupServer> {
  const { host, shards } = settings;
  const { report } = parts;
  return openServer({
    ...parts,
    transport: await openTransport(environment, settings),
    observer: shards === undefined ? report : observerOf(host.label, report),
    label: host.label,
    newHost,
    credentials: givenCredentials(settings),
    timeoutMs: settings.timeoutMs,
    connectTimeoutMs: settings.connectTimeoutMs,
    shortestPauseMs: shortestPauseMs(shards?.length ?? 1),
    listWhileBusy,
  });
}

function givenCredentials({ credentials }: Settings): GivenCredentials {
  if (credentials === undefined) return 'none';
  return credentials.password === '' ? 'user' : 'user and password';
}

/** Loads got only for commands that send requests, because loading it takes longer than the rest. */
async function openTransport(environment: Environment, settings: Settings): Promise<Transport> {
  if (environment.transport !== undefined) return environment.transport(settings);
  const { createGotTransport } = await import('../http/got-transport.js');
  return createGotTransport({
    baseUrl: settings.host.baseUrl,
    credentials: settings.credentials,
    ca: settings.ca,
    clientCertificate: settings.clientCertificate,
    insecure: settings.insecure,
  });
}

/** Returns the command that deletes a local copy, as it has to be typed for this host. */
function deleteLocalCommand({ host, binaryPath }: Settings, backup: string): string {
  const connection = binaryPath === undefined ? host.label : binaryOptions(binaryPath, host.label);
  return `chbackup delete-local ${connection} --name ${backup}`;
}

function binaryOptions(binaryPath: string, label: string): string {
  const option = binaryPath === 'clickhouse-backup' ? '--binary' : `--binary-path ${binaryPath}`;
  return label === 'local' ? option : `${label} ${option}`;
}
