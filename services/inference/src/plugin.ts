import { RetortError } from '@retort/contracts';
import {
  InferAnswer,
  InferBatchAnswer,
  type InferRequest,
  InferRequest as InferRequestBody,
} from '@retort/contracts/http';
import { clientGone, type HttpApp, readTexts } from '@retort/http';
import { CHAMPION, type ModelVersion } from '@retort/registry';
import { Type } from 'typebox';
import type { InferenceContext } from './context.js';
import { Deployments } from './deployments.js';
import { createInferenceMetrics } from './metrics.js';
import { Students } from './students.js';

export interface InferencePluginOptions {
  context: InferenceContext;
}

/** Registers `POST /infer` on an app of `createHttpApp`. */
export async function inferencePlugin(app: HttpApp, { context }: InferencePluginOptions): Promise<void> {
  const metrics = createInferenceMetrics(context.metrics.registry, () => students.open.length);
  const students = new Students(context, metrics);
  const deployments = new Deployments(context, students);
  app.addHook('onListen', async () => deployments.start());
  app.addHook('onClose', async () => {
    deployments.close();
    await students.close();
  });

  app.post(
    '/infer',
    {
      config: { scope: 'infer' },
      schema: {
        operationId: 'infer',
        tags: ['Inference'],
        summary: 'Ask a deployed student',
        description:
          'The version that the alias `champion` (or `alias`) points at answers, or the one named in `model`. One text in ' +
          '`input` is answered by itself, several in `inputs` by a list.',
        body: InferRequestBody,
        response: {
          200: Type.Union([InferAnswer, InferBatchAnswer], { description: 'The answer to `input` or to `inputs`.' }),
        },
      },
    },
    async ({ body }, reply) => {
      const begun = performance.now();
      const { texts, single } = readTexts(body, context.config);
      const { model, alias } = await choose(body);
      const gone = clientGone(reply);
      const outputs = await students.use(model, (student) => student.classify(texts, body.topK ?? 1, gone));
      const latencyMs = performance.now() - begun;
      metrics.latency.observe({ task: model.taskName, version: String(model.version) }, latencyMs / 1000);
      const served = { model: { id: model.id, version: model.version, alias }, latencyMs };
      return single ? { ...outputs[0], ...served } : { outputs, ...served };
    },
  );

  async function choose({
    task,
    model: id,
    alias,
  }: InferRequest): Promise<{ model: ModelVersion; alias: string | null }> {
    if (id === undefined) {
      const name = alias ?? CHAMPION;
      return { model: await deployments.resolve(task, name), alias: name };
    }
    if (alias !== undefined) {
      throw new RetortError('RT_INVALID_FIELD', 'Give either model or alias, not both.', {
        problems: [{ path: '/alias', message: 'is not allowed together with model' }],
      });
    }
    const model = await students.find(id);
    if (model.taskName !== task) {
      throw new RetortError('RT_NOT_FOUND', `Model version "${id}" is of the task "${model.taskName}", not "${task}".`);
    }
    return { model, alias: null };
  }
}
