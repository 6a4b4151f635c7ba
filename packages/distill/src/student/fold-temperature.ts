import { float, GraphBuilder, type Model, type Node } from '@retort/onnx';

/**
 * The same model with its output `logits` divided by `temperature`, so that a plain softmax of them is calibrated in
 * every runtime. A last Gemm takes the factor into its `alpha` and `beta` at no cost; any other graph gets one Div.
 */
export function foldTemperature(model: Model, temperature: number): Model {
  const { nodes } = model.graph;
  const at = nodes.findIndex(({ outputs }) => outputs.includes('logits'));
  const last = nodes[at];
  if (last.op === 'Gemm' && last.domain === '') {
    return { ...model, graph: { ...model.graph, nodes: nodes.with(at, scaleGemm(last, 1 / temperature)) } };
  }
  const b = new GraphBuilder({ base: model });
  const raw = b.unique('logits_raw');
  b.graph.nodes[at] = { ...last, name: raw, outputs: last.outputs.map((name) => (name === 'logits' ? raw : name)) };
  const divisor = b.constant({ type: 'float32', dims: [], data: Float32Array.of(temperature) }, 'temperature');
  b.add('Div', [raw, divisor], { outputs: ['logits'] });
  return { ...b.build(), producer: model.producer, irVersion: model.irVersion, metadata: model.metadata };
}

function scaleGemm(node: Node, factor: number): Node {
  const scaled = (name: 'alpha' | 'beta') => {
    const attribute = node.attributes[name];
    return float(factor * (attribute?.kind === 'float' ? attribute.value : 1));
  };
  return { ...node, attributes: { ...node.attributes, alpha: scaled('alpha'), beta: scaled('beta') } };
}
