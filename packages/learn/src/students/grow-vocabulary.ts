import { findInitializer } from '@retort/onnx';
import { type Matrix, pickRows } from '../linear-algebra/matrix.js';
import { applyMap, ridgeMap } from '../linear-algebra/ridge.js';
import type { TrainableModel } from '../trainable.js';
import { wordTables } from './word-tables.js';

export interface GrownVocabulary {
  student: TrainableModel;
  /** R² of the map on tokens that it was not fitted to, above 0; of several tables the least. */
  fit: number;
}

/** With fewer tokens that were trained on, a map would be fitted to chance. */
const FEWEST = 32;

/**
 * Adds rows to the word tables of a trained student for tokens that its training text has not, so that it reads them as it does words
 * near to them. The student's rows of the tokens that it was trained on are regressed on the teacher's rows of the same tokens (as Mikolov,
 * Le & Sutskever 2013 map the words of one language to those of another), and the map makes the new rows of the teacher's.
 *
 * @param kept teacher's id of each of the student's @param trained the student's ids that its training text has: other rows are as they began
 * @param unseen teacher's ids of the new tokens, whose rows follow those that there are @param teacher its table `[tokens, width]`
 * @returns undefined where there is no word table, fewer than 32 tokens were trained on, one is beyond the teacher's table, or no map is
 * better than the mean of all rows
 */
export function growVocabulary(
  student: TrainableModel,
  { kept, trained, unseen, teacher }: { kept: Int32Array; trained: Int32Array; unseen: Int32Array; teacher: Matrix },
): GrownVocabulary | undefined {
  const tables = wordTables(student);
  const isBeyond = (id: number) => id >= teacher.rows;
  const known = trained.map((id) => kept[id]);
  if (tables.length === 0 || known.length < FEWEST || known.some(isBeyond) || unseen.some(isBeyond)) return undefined;
  const [theirs, added] = [known, unseen].map((ids) => pickRows(teacher, Array.from(ids))) as [Matrix, Matrix];
  const grown = tables.map((name) => {
    const { dims, data } = findInitializer(student.model, name, 'float32');
    const rows = { rows: dims[0], columns: dims[1], values: data as Float32Array };
    const map = ridgeMap(theirs, pickRows(rows, Array.from(trained)));
    const values = new Float32Array((dims[0] + added.rows) * dims[1]);
    values.set(rows.values);
    values.set(applyMap(map, added).values, rows.values.length);
    return { name, values, dims: [dims[0] + added.rows, dims[1]], fit: map.fit };
  });
  const fit = Math.min(...grown.map((table) => table.fit));
  if (!(fit > 0)) return undefined;
  const initializers = new Map(student.model.graph.initializers);
  for (const { name, dims, values } of grown) initializers.set(name, { type: 'float32', dims, data: values });
  const { model } = student;
  return { student: { ...student, model: { ...model, graph: { ...model.graph, initializers } } }, fit };
}
