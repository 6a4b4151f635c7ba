import type { EncoderShape } from '@retort/contracts';
import type { BertShape, FieldProblem } from '@retort/contracts/values';

/**
 * Why an encoder student cannot start from the layers of such a teacher that `initFrom` names.
 *
 * @returns one problem per finding, its path into the spec; none where it can, or starts with new weights
 */
export function encoderMisfits({ initFrom, layers, width, heads }: EncoderShape, teacher: BertShape): FieldProblem[] {
  if (initFrom === undefined) return [];
  const named = initFrom.layers;
  const headWidth = teacher.width / teacher.heads;
  const missing = named.find((layer) => layer >= teacher.layers);
  const findings: [boolean, string, string][] = [
    [named.length === layers, 'initFrom/layers', `names ${named.length} layers, the student has ${layers}`],
    [
      missing === undefined,
      'initFrom/layers',
      `names layer ${missing}, but the teacher has ${teacher.layers}, counted from 0`,
    ],
    [width <= teacher.width, 'width', `(${width}) must not be above the teacher's, ${teacher.width}`],
    [
      width / heads === headWidth,
      'heads',
      `(${heads}) must be of width ${headWidth} as the teacher's are: ask for ${width / headWidth} heads, or for a width that ${headWidth} divides`,
    ],
  ];
  return findings.flatMap(([holds, field, message]) => (holds ? [] : [{ path: `/student/${field}`, message }]));
}
