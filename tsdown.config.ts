import { fileURLToPath } from 'node:url';
import { defineConfig } from 'tsdown';

const noHttp2 = fileURLToPath(new URL('src/engine/api/no-http2.ts', import.meta.url));
const noListFormat = fileURLToPath(new URL('src/engine/api/no-list-format.ts', import.meta.url));

/** Starting cold costs more than the work: one folder, split, minified, no node_modules beside it. */
export default defineConfig({
  entry: ['src/start.ts', 'src/main.ts'],
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
  minify: true,
  dts: false,
  fixedExtension: true,
  outDir: 'dist',
  // What got and its parts do when loaded, and chbackup never uses, takes longer than the rest.
  alias: { 'http2-wrapper': noHttp2 },
  inputOptions: { transform: { inject: { 'Intl.ListFormat': noListFormat } } },
  deps: { alwaysBundle: [/.*/] },
});
