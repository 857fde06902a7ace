import { fileURLToPath } from 'node:url';
import { defineConfig } from 'rolldown';

const noHttp2 = fileURLToPath(new URL('src/http/no-http2.ts', import.meta.url));
const noListFormat = fileURLToPath(new URL('src/http/no-list-format.ts', import.meta.url));

/** One folder, split, minified, with nothing beside it: starting cold costs more than the work. */
export default defineConfig({
  input: { start: 'src/start.ts', main: 'src/main.ts' },
  platform: 'node',
  // What got and its parts do when loaded, and chbackup never uses, takes longer than the rest.
  resolve: { alias: { 'http2-wrapper': noHttp2 } },
  transform: {
    target: 'node20.19',
    inject: { 'Intl.ListFormat': noListFormat },
  },
  output: {
    dir: 'dist',
    cleanDir: true,
    format: 'cjs',
    minify: true,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
  },
  // A warning may be a module that was to be loaded lazily, and is not: it slows every start.
  onLog(level, log) {
    if (level === 'warn') throw new Error(`${log.code ?? ''} ${log.message}`);
  },
});
