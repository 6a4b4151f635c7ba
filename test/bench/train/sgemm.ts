import { floats, GraphBuilder, int64s, type Tensor, writeModel } from '@retort/onnx';
import { openSession } from '@retort/runtime';

/** Rows and columns of all three matrices. */
const EXTENT = 1024;
const WARM_UP = 3;
const RUNS = 15;

/**
 * Billions of floating point operations a second of ONNX Runtime's own `MatMul` of two 1024 x 1024 float32 matrices, one value per run:
 * the bound that training is measured against. Neither factor is a constant, as in training, and one row of the product is all
 * that leaves the graph, since the copy of an output is no part of a product.
 */
export async function measureSgemm(threads: number): Promise<number[]> {
  const b = new GraphBuilder();
  const dims = [EXTENT, EXTENT];
  const product = b.add('MatMul', [b.input('a', 'float32', dims), b.input('b', 'float32', dims)]);
  b.output(b.add('Gather', [product, b.constant(int64s([1], [0]))], { outputs: ['row'] }), 'float32', [1, EXTENT]);
  const session = await openSession(writeModel(b.build()), { threads, placement: 'inline' });
  const matrix = (seed: number): Tensor =>
    floats(
      dims,
      Float32Array.from({ length: EXTENT ** 2 }, (_, i) => Math.sin(seed + i)),
    );
  const feeds = { a: matrix(1), b: matrix(2) };
  const rates: number[] = [];
  for (let run = -WARM_UP; run < RUNS; run++) {
    const begun = performance.now();
    await session.run(feeds);
    const seconds = (performance.now() - begun) / 1000;
    if (run >= 0) rates.push((2 * EXTENT ** 3) / seconds / 1e9);
  }
  await session.close();
  return rates;
}
