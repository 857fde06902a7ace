import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { renderPng, renderSvg } from './render.js';

const svgFile = fileURLToPath(new URL('chbackup.svg', import.meta.url));
const pngFile = fileURLToPath(new URL('chbackup.png', import.meta.url));

const svg = await renderSvg();
if (process.argv.includes('--check')) {
  if (readFileSync(svgFile, 'utf8') !== svg) {
    process.stderr.write('diagram/chbackup.svg is stale: run npm run diagram, and commit it\n');
    process.exitCode = 1;
  }
} else {
  writeFileSync(svgFile, svg);
  writeFileSync(pngFile, renderPng(svg));
}
