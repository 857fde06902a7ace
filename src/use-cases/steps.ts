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
  'recover',
  'recovered',
  'kind',
  'list-names',
  'read-last-backup',
  'verify-base',
  'look-again-for-base',
  'storage-empty',
  'without-base',
  'warn-no-base',
  'note-tables',
  'reserve-name',
  'create',
  'created',
  'look-for-copy',
  'create-error',
  'choose-base-use',
  'warn-full-instead',
  'upload',
  'uploaded',
  'verify-upload',
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
