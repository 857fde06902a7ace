import { measureClusters } from './clusters.js';
import { measureDeletes } from './deletes.js';
import { measureCompleteness } from './completeness.js';
import { measureStartUp } from './start-up.js';
import { measureRealWork, measureVirtualHour } from './work.js';

/** Ratios and counts of one run; nothing here passes or fails. See CONTRIBUTING.md, "Measurements". */
process.stdout.write(`chbackup bench on Node ${process.version}\n\n`);
const measures = [
  measureStartUp,
  measureRealWork,
  measureVirtualHour,
  measureCompleteness,
  measureDeletes,
  measureClusters,
];
for (const measure of measures) {
  process.stdout.write(`${await measure()}\n`);
}
