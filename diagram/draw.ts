import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { renderPng, renderSvg } from './render.js';

const svg = await renderSvg();
writeFileSync(fileURLToPath(new URL('chbackup.svg', import.meta.url)), svg);
writeFileSync(fileURLToPath(new URL('chbackup.png', import.meta.url)), renderPng(svg));
