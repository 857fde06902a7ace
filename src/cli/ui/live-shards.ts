import type { Environment } from '../environment.js';
import { LiveArea } from './live-area.js';
import type { Output } from './output.js';
import { ShardLines } from './shard-lines.js';
import type { Spinner } from './spinner.js';

/** Shows on a terminal what the shards of a cluster are doing. */
export interface LiveShards {
  /** Writes progress above the lines of the shards. */
  output: Output;
  /** Adds the line of a shard. */
  open(label: () => string): Spinner;
  stop(): void;
}

export function showShards(
  { stderr, clock }: Environment,
  output: Output,
  total: number,
): LiveShards {
  const lines = new ShardLines(total, clock, () => area.update());
  const area = new LiveArea(stderr, (size) => lines.render(size));
  return {
    output: {
      ...output,
      progressLine: (parts) => area.above(() => output.progressLine(parts)),
    },
    open: (label) => lines.open(label),
    stop: area.stop,
  };
}
