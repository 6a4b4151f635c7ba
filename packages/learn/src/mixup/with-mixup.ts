import { RetortError } from '@retort/contracts/values';
import { floatScalar, GraphBuilder, type Model, renameValues } from '@retort/onnx';
import { declareLossInputs, inlinedLoss } from '../loss/inlined-loss.js';
import { LOSS, type LossOptions } from '../loss/loss-options.js';
import { classesOf, type LossInputs } from '../loss/with-loss.js';
import { EMBEDDING_TAP } from '../students/student-taps.js';
import { MIXUP } from './mixing.js';

/**
 * Appends the loss of mixup (Zhang et al. 2018) in the form for sentences (Guo et al. 2019, senMixup): as texts cannot be mixed, their
 * pooled vectors h `[batch, width]` are, each with that of its partner, and all that comes after them sees the mixture:
 *
 *     h' = μ·h + (1 - μ)·h[partners],   z' = the rest of the student of h'
 *     L  = μ·L(z', targets) + (1 - μ)·L(z', targets[partners])
 *
 * with the loss L of `withLoss` and everything of a row that it looks at as the targets: label, teacher's logits and the row's weight. For
 * the cross-entropy, linear in its target, that is the one against the mixed labels; for KL(p ‖ q) it is the one against the mixture of the
 * teacher's softened distributions but for a constant, so of the same gradient. It is the losses that are mixed, and not the
 * distributions, as that means the same with every divergence: DKD needs one target class of each row, the error of logits and DIST
 * compare with an answer of the teacher, and an unlabelled row has no label to mix.
 *
 * What comes before the pooled vectors, and they themselves under their own name, stay unmixed: a feature loss compares texts as they are.
 * With μ = 1 this is `withLoss`.
 *
 * Adds the inputs of `withLoss`, and `mixup_share` μ, a float32 scalar, and `mixup_partners` int64 `[batch]`.
 *
 * @throws RetortError `RT_INVALID_MODEL` for a model without such a vector
 */
export function withMixup(model: Model, loss: LossOptions, inputs: LossInputs): Model {
  const of = { classes: classesOf(model), loss, inputs };
  const b = new GraphBuilder({ base: model });
  b.unique(LOSS.output); // Taken, before one of the two losses wants to be called so.
  const at = b.graph.nodes.findIndex(({ outputs }) => outputs.includes(EMBEDDING_TAP));
  if (at < 0) {
    throw new RetortError(
      'RT_INVALID_MODEL',
      `training.mixup mixes the value "${EMBEDDING_TAP}" [batch, width], which the model has not: set it to 0.`,
    );
  }
  const share = b.input(MIXUP.share, 'float32', []);
  const partners = b.input(MIXUP.partners, 'int64', ['batch']);
  const ofPartners = (value: string) => b.add('Gather', [value, partners]);
  const after = b.graph.nodes.splice(at + 1);
  const rest = b.add('Sub', [b.constant(floatScalar(1)), share]);
  const mixed = (own: string, other: string, outputs?: string[]) =>
    b.add('Add', [b.add('Mul', [own, share]), b.add('Mul', [other, rest])], { outputs });
  const vectors = mixed(EMBEDDING_TAP, ofPartners(EMBEDDING_TAP), [b.unique('mixed_text_embedding')]);
  b.graph.nodes.push(...after.map((node) => renameValues(node, new Map([[EMBEDDING_TAP, vectors]]))));

  const { labels, teacherLogits, rowWeights, factors } = declareLossInputs(b, of);
  const own = inlinedLoss(b, of, 'logits', { labels, teacherLogits, rowWeights, factors });
  const other = inlinedLoss(b, of, 'logits', {
    labels: ofPartners(labels),
    teacherLogits: teacherLogits && ofPartners(teacherLogits),
    rowWeights: rowWeights && ofPartners(rowWeights),
    factors,
  });
  b.output(mixed(own, other, [LOSS.output]), 'float32', []);
  return b.build(model);
}
