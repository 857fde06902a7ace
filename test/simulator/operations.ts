import { type Plan, fails, planCreate } from './creating.js';
import { planDownload } from './downloading.js';
import type { Flags } from './flags.js';
import { planRestore } from './restoring.js';
import type { Job, SimulatedServer } from './server.js';
import { planUpload } from './uploading.js';

export type Operation =
  | 'create'
  | 'upload'
  | 'download'
  | 'restore'
  | 'create_remote'
  | 'restore_remote'
  | 'rebase'
  | 'rebalance';

/** Combines two plans that run one after the other in one row (create_remote, restore_remote). */
function inTurn(first: Plan, ms: number, second: () => Plan): Plan {
  return { ms: first.ms + ms, run: (atMs) => first.run(atMs) ?? second().run(atMs) };
}

function plan(server: SimulatedServer, operation: Operation, name: string, flags: Flags): Plan {
  switch (operation) {
    case 'create':
      return planCreate(server, name, flags);
    case 'upload':
      return planUpload(server, name, flags);
    case 'download':
      return planDownload(server, name);
    case 'restore':
      return planRestore(server, name, flags);
    case 'create_remote':
      return inTurn(
        planCreate(server, name, { ...flags, diffFrom: '', diffFromRemote: '' }),
        server.workMs.upload,
        () => planUpload(server, name, flags),
      );
    case 'restore_remote': {
      const download = server.local.has(name)
        ? { ms: 0, run: () => undefined }
        : planDownload(server, name);
      return inTurn(download, server.workMs.restore, () => planRestore(server, name, flags));
    }
    case 'rebase':
    case 'rebalance':
      return { ms: server.workMs.upload, run: () => undefined };
  }
}

/** Starts asynchronous work; the client is answered at once. */
export function startOperation(
  server: SimulatedServer,
  asked: {
    operation: Operation;
    command: string;
    name: string;
    flags: Flags;
    operationId?: string | undefined;
    error?: string | undefined;
    startMs?: number;
  },
): Job {
  const { operation, command, name, flags, operationId } = asked;
  const error = asked.error ?? server.clickHouseError;
  const planned = error === undefined ? plan(server, operation, name, flags) : fails(error);
  const isLate = operation === 'upload' || operation === 'download';
  return server.start({
    operation,
    command,
    operationId,
    ...planned,
    isBlocked: () => server.isHanging,
    rowDelayMs: isLate ? server.faults.rowDelayMs : 0,
    ...(asked.startMs === undefined ? {} : { startMs: asked.startMs }),
  });
}
