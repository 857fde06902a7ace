import * as z from 'zod/mini';
import type { BackupKind } from '../backup/backup.js';
import { isUsableName } from '../backup/names.js';

/** What a run has started, kept until its outcome is known, so that the next run can recover it. */
export interface Journal {
  kind: BackupKind;
  backup: string;
  /** The base of the upload; undefined for a full upload. */
  base: string | undefined;
  /** `upload`: the upload may have been requested. */
  phase: 'create' | 'upload';
  /** The replica that does the work, HOST as in file names. */
  replica: string;
  /** Local time, for people. */
  startedAt: string;
  /** The last backup when the run began; undefined if there was none. */
  lastBackup: string | undefined;
  /** As in the status file; see `RecordedBackup`. */
  notReplicated: string[];
}

/** `unreadable`: the journal exists, but chbackup cannot parse it. */
export type JournalFile =
  | { kind: 'none' }
  | { kind: 'journal'; journal: Journal }
  | { kind: 'unreadable' };

/** A name that is an empty text in the file if there is none. */
const optionalName = z.pipe(
  z.string(),
  z.transform((text) => (text === '' ? undefined : text)),
);

const journalSchema = z.object({
  kind: z.enum(['FULL', 'DIFF']),
  backup: z.string().check(z.refine(isUsableName)),
  base: optionalName,
  phase: z.enum(['create', 'upload']),
  /** Missing in files of earlier versions, which worked on the host after which they are named. */
  replica: z.optional(z.string()),
  startedAt: z.string(),
  lastBackup: optionalName,
  /** Missing in files of earlier versions. */
  notReplicated: z._default(z.array(z.string()), []),
});

/** Parses the text of a journal. `owner`: the host after which the file is named. */
export function parseJournal(text: string | undefined, owner: string): JournalFile {
  if (text === undefined) return { kind: 'none' };
  try {
    const { replica = owner, ...journal } = journalSchema.parse(JSON.parse(text));
    return { kind: 'journal', journal: { ...journal, replica } };
  } catch {
    return { kind: 'unreadable' };
  }
}

export function formatJournal(journal: Journal): string {
  const { base = '', lastBackup = '' } = journal;
  return `${JSON.stringify({ ...journal, base, lastBackup })}\n`;
}
