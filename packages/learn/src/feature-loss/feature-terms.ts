/** A value of the student's graph, or an input by which the teacher's comes in, with the extent of its last axis. */
export interface FeatureTensor {
  name: string;
  width: number;
}

/** Vectors compared through a learned matrix from the student's width to the teacher's. */
export interface ProjectedTerm {
  /** `hidden`: a vector for each token; the teacher's are `[batch, tokens, width]`. `embedding`: one for each text, `[batch, width]`. */
  kind: 'hidden' | 'embedding';
  student: FeatureTensor;
  teacher: FeatureTensor;
  distance: 'mse' | 'cosine';
  /** Name of the matrix `[student width, teacher width]`: a weight that is trained, and dropped from the finished student. */
  projection: string;
  weight: number;
}

/** Attention maps, `[batch, heads, queries, keys]` of both. */
export interface AttentionTerm {
  kind: 'attention';
  student: { name: string; heads: number };
  teacher: { name: string; heads: number };
  distance: 'mse' | 'kl';
  weight: number;
}

/** The two operands of a relation: the same for value relations, queries and keys for those of attention. */
export interface RelationOperands {
  left: string;
  right: string;
  width: number;
}

/** How the tokens of a text relate to each other: softmax(left·rightᵀ/√d) over the keys, `heads` times. */
export interface RelationTerm {
  kind: 'relation';
  /** Values of the student's graph, `[batch·tokens, width]` or `[batch, tokens, width]`. */
  student: RelationOperands;
  /** Inputs, `[batch, tokens, width]`. */
  teacher: RelationOperands;
  /** Divides both widths. */
  heads: number;
  weight: number;
}

/** One summand of the loss that compares what is inside the student with what is inside its teacher. */
export type FeatureTerm = ProjectedTerm | AttentionTerm | RelationTerm;
