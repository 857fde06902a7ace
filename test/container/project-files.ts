import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The path of a file of this project. */
export function projectPath(name: string): string {
  return fileURLToPath(new URL(`../../${name}`, import.meta.url));
}

/** The text of a file of this project. */
export function readProjectFile(name: string): string {
  return readFileSync(projectPath(name), 'utf8');
}
