/** What is played: schedules of single hosts, or scripts of clusters. */
export type Kind = 'schedules' | 'clusters';

/** Returns the command that plays one failed script again. */
export function howToRepeat(kind: Kind, seed: number, path: string | null): string {
  const only = kind === 'schedules' ? '--runs 1 --clusters 0' : '--runs 0 --clusters 1';
  return `npm run test:faults -- ${only} --seed ${seed} --path ${path ?? ''}`;
}
