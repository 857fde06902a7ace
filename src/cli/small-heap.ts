import { setFlagsFromString } from 'node:v8';

/** With fewer shards, the heap stays small anyway. */
const leastShards = 50;

/**
 * Makes V8 collect garbage sooner if there are many shards. Their lists are read at about the same moment,
 * and by default V8 lets the heap grow to several times of what is in use before it collects the rest. For
 * 200 shards with 336 backups each, this halves the resident size and takes about a third more CPU time.
 */
export function keepHeapSmall(shards: number): void {
  if (shards < leastShards) return;
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--optimize-for-size');
}
