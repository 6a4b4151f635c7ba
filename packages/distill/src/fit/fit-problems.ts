import type { DistillationSpec, FieldProblem, TeacherManifest } from '@retort/contracts';
import type { DatasetShape } from '../dataset/dataset-shape.js';
import { checkTeachers } from '../ensemble/ensemble-problems.js';
import { plannedProblems } from '../search/planned-problems.js';
import { searchDatasetProblems } from '../sweep/search-problems.js';
import { transferSetMisfits } from '../transfer-set/problems.js';
import { datasetProblems } from './dataset-problems.js';
import { teacherFitProblems } from './teacher-fit-problems.js';

/** What a spec is to fit. */
export interface Setting {
  /** The labels of each teacher, in the order of its logits. At least 1. */
  teachers: readonly (readonly string[])[];
  /** Of the first teacher, whose tokens, layers and words the spec may ask for; where these are to be looked at. */
  manifest?: Pick<TeacherManifest, 'tokenizer' | 'bert' | 'wordVectors'>;
  /** Of the dataset, where it is known. */
  shape?: DatasetShape;
}

/**
 * Why a spec, or a candidate of its search, cannot be distilled in such a setting.
 *
 * @returns one problem per finding, its path into the submission (`/dataset`, `/teacher`, `/spec/…`). Where teachers and `ensemble` do not
 * fit each other, that alone: nobody knows then what the student's labels are.
 */
export function fitProblems(spec: DistillationSpec, setting: Setting): FieldProblem[] {
  const { shape } = setting;
  return [
    ...plannedProblems(spec, (one) => problemsOfOne(one, setting)),
    ...(shape === undefined ? [] : searchDatasetProblems(spec, shape)),
  ];
}

function problemsOfOne(spec: DistillationSpec, { teachers, manifest, shape }: Setting): FieldProblem[] {
  const { labels, problems } = checkTeachers(spec.ensemble, teachers, shape);
  if (problems.length > 0) return problems;
  const ofTeacher = manifest === undefined ? [] : teacherFitProblems(spec, manifest);
  if (shape === undefined) return ofTeacher;
  const ofData = datasetProblems(shape, labels, spec);
  if (manifest === undefined) return ofData;
  const { tokenizer, wordVectors } = manifest;
  const setting = { shape, labels: labels.length, tokenizer: tokenizer.type, wordVectors };
  return [...ofTeacher, ...ofData, ...transferSetMisfits(spec.transferSet, setting)];
}
