import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findPages, root } from './pages.js';
import { fillRegions } from './regions.js';
import { tableOf } from './tables.js';

for (const page of findPages()) {
  const file = path.join(root, page);
  const before = readFileSync(file, 'utf8');
  const after = fillRegions(before, tableOf);
  if (after !== before) writeFileSync(file, after);
}
