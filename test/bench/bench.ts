import { measureDeletes } from './deletes.js';
import { measureStartUp } from './start-up.js';
import { measureRealWork, measureVirtualHour } from './work.js';

/** Ratios and counts of one run; nothing here passes or fails. See CONTRIBUTING.md, "Measurements". */
process.stdout.write(`chbackup bench on Node ${process.version}\n\n`);
for (const measure of [measureStartUp, measureRealWork, measureVirtualHour, measureDeletes]) {
  process.stdout.write(`${await measure()}\n`);
}
