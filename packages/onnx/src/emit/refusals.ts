import { RetortError } from '@retort/contracts/values';
import { describeNode, type Model, type Node } from '../model.js';
import { ShapeConflict } from '../shapes/dims.js';

/** Thrown by a rule for a use of its operator that it cannot differentiate or take apart. The driver adds node and opset. */
export class UnsupportedUse extends Error {}

/** Raised when a rule needs the rank of a value that only the running graph knows. */
export class UnknownRank extends Error {
  readonly value: string;

  constructor(value: string) {
    super(`the rank of "${value}" is not known before the graph runs`);
    this.value = value;
  }
}

/** A node with the opset that defines its operator: `node "y" (Celu), opset 18 of ai.onnx`. */
export function placeOf(node: Node, opsets: Model['opsets']): string {
  return `${describeNode(node)}, opset ${opsets.get(node.domain) ?? 1} of ${node.domain || 'ai.onnx'}`;
}

/** What a rule threw, as the error that a user meets. */
export function explainRefusal(error: unknown, place: string, verb: 'differentiated' | 'unfused'): unknown {
  if (error instanceof ShapeConflict) {
    return new RetortError('RT_INVALID_MODEL', `The graph is not valid at ${place}: ${error.message}.`);
  }
  if (!(error instanceof UnknownRank || error instanceof UnsupportedUse)) return error;
  const code = error instanceof UnknownRank ? 'RT_INVALID_MODEL' : 'RT_UNSUPPORTED_OP';
  return new RetortError(code, `The graph cannot be ${verb} at ${place}: ${error.message}.`);
}
