/**
 * Every step that create-full and create-diff report, in the order of a run. A condition's name
 * is the question it asks. `diagram/flow.ts` draws exactly these.
 */
export const steps = [
  'start',
  'lock',
  'wait-for-turn',
  'check-server',
  'journal',
  'settle',
  'settled-recorded',
  'kind',
  'list-names',
  'read-last-backup',
  'prove-base',
  'look-again-for-base',
  'storage-empty',
  'without-base',
  'warn-no-base',
  'note-tables',
  'take-name',
  'create',
  'created',
  'look-for-copy',
  'create-error',
  'choose-base-use',
  'warn-full-instead',
  'upload',
  'uploaded',
  'prove',
  'look-again-for-upload',
  'upload-error',
  'log-upload-error',
  'record',
  'wait-for-server',
  'give-up',
  'log-error',
  'end',
] as const;

export type Step = (typeof steps)[number];
