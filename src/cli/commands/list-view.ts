import type { Backup } from '../../backup/backup.js';
import {
  type ListedBackup,
  type Listing,
  type ListRequest,
  listBackups,
} from '../../use-cases/list/list-backups.js';
import type { Execution } from '../execution.js';
import { openContext } from '../open-context.js';
import { layOut } from '../ui/tables.js';
import { headingOf, tableOf } from './list-table.js';

/** Runs `list` and shows the backups by chain. */
export async function executeList(request: ListRequest, execution: Execution): Promise<void> {
  const { settings, output, reporter } = execution;
  if (settings.shards !== undefined) {
    const { executeListOnCluster } = await import('./list-cluster-view.js');
    return executeListOnCluster(request, settings.shards, execution);
  }
  const listing = await listBackups(request, await openContext(execution, true));
  reporter.end();
  if (settings.json) {
    output.resultJson(listingToJson(listing, settings.host.label), 2);
  } else {
    showListing(listing, execution);
  }
  if (listing.doubt !== undefined) throw listing.doubt;
}

export function showListing({ locations }: Listing, { output, environment }: Execution): void {
  const { stdoutColumns: width } = output;
  for (const listed of locations) {
    output.resultLine(headingOf(listed));
    output.resultTable(tableOf(listed, environment.clock.now()), (cells) =>
      layOut(cells, { width, nameColumn: 0, hasTitles: true, overflow: 'below' }),
    );
  }
}

/** The documented shape of `--json`; see docs/list.md. */
export function listingToJson(
  { locations, lastBackup }: Listing,
  host: string,
): Record<string, unknown> {
  return {
    host,
    lastBackup: lastBackup ?? null,
    omitted: Object.fromEntries(
      locations.map(({ location, backups }) => [
        location,
        backups.filter((each) => !each.isSelected).length,
      ]),
    ),
    backups: locations.flatMap(({ backups }) =>
      backups.filter(({ isSelected }) => isSelected).map(toJsonBackup),
    ),
  };
}

function toJsonBackup(listed: ListedBackup): unknown {
  const { backup, createdMs, restorable, problem, isLastBackup } = listed;
  return {
    name: backup.name,
    location: backup.location,
    kind: kindOf(backup),
    base: backup.required ?? null,
    fullBackup: listed.fullBackup ?? null,
    chainLength: listed.chainLength ?? null,
    state: backup.state,
    complete: listed.isComplete ?? null,
    restorable,
    problem: problem ?? null,
    createdAt: createdMs === undefined ? null : new Date(createdMs).toISOString(),
    created: backup.created,
    sizeBytes: backup.sizeBytes ?? null,
    uploadedBytes: backup.uploadedBytes ?? null,
    isLastBackup,
  };
}

/** The base of a broken backup is unknown. */
function kindOf({ required, state }: Backup): 'full' | 'increment' | null {
  if (required !== undefined) return 'increment';
  return state === 'ok' ? 'full' : null;
}
