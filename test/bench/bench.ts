import { measureDeletes } from './deletes.js';
import { measureStartUp } from './start-up.js';
import { measureRealWork, measureVirtualHour } from './work.js';

// Prints ratios and counts of one run. They are compared with targets, but nothing passes or fails.
process.stdout.write(`chbackup bench on Node ${process.version}\n\n`);
for (const measure of [measureStartUp, measureRealWork, measureVirtualHour, measureDeletes]) {
  process.stdout.write(`${await measure()}\n`);
}
