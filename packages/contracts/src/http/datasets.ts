import { type Static, Type } from 'typebox';
import { SPLITS } from '../rows.js';
import { TaskName } from '../task-name.js';
import { Count, DatasetId, Digest, Page, SPLIT_COUNTS, Timestamp } from './common.js';

export const DatasetParams = Type.Object({ dataset: DatasetId }, { additionalProperties: false });

export const RejectedRows = Type.Object(
  {
    count: Count('Rows that were refused.'),
    samples: Type.Array(
      Type.Object({
        line: Type.Integer({ minimum: 1, description: 'Line of the file where the row begins, from 1.' }),
        reason: Type.String({ examples: ['text is empty'] }),
      }),
      { description: 'The first 100 of them.' },
    ),
  },
  { title: 'RejectedRows' },
);

export const DuplicateTexts = Type.Object(
  {
    count: Count('Texts that stand in more than one split, which would flatter the measures.'),
    samples: Type.Array(Type.Object({ text: Type.String(), splits: Type.Array(Type.Enum([...SPLITS])) }), {
      description: 'The first 100 of them.',
    }),
    checked: Count('Distinct texts that were compared; past 4,194,304 of them new texts are no longer remembered.'),
  },
  { title: 'DuplicateTexts' },
);

export const DatasetCounts = Type.Object(
  {
    splits: SPLIT_COUNTS,
    labels: Type.Record(Type.String(), SPLIT_COUNTS, { description: 'Rows per label and split.' }),
    unlabelled: Count('Rows without a label: only the teacher says what they are.'),
  },
  { title: 'DatasetCounts' },
);
export type DatasetCounts = Static<typeof DatasetCounts>;

export const Dataset = Type.Object(
  {
    id: DatasetId,
    task: TaskName,
    digest: Digest,
    bytes: Count('Size of the uploaded file.'),
    rows: Count('Accepted rows.'),
    counts: DatasetCounts,
    rejected: RejectedRows,
    duplicates: DuplicateTexts,
    createdAt: Timestamp,
  },
  { title: 'Dataset', description: 'One uploaded file of examples. The same bytes give the same id.' },
);
export type DatasetBody = Static<typeof Dataset>;

export const DatasetPage = Page('DatasetPage', Dataset);
