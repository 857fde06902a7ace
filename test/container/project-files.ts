import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Returns the path of a file in this project. */
export function projectPath(name: string): string {
  return fileURLToPath(new URL(`../../${name}`, import.meta.url));
}

/** Returns the text of a file in this project. */
export function readProjectFile(name: string): string {
  return readFileSync(projectPath(name), 'utf8');
}
